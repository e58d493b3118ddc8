using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>What happened to one run, as the database tells it.</summary>
/// <param name="RunId">The run.</param>
/// <param name="ThreadId">Its thread.</param>
/// <param name="BeganOn">The silo that claimed it first.</param>
/// <param name="Happened">What happened to it then.</param>
/// <param name="Supersteps">How many supersteps have their checkpoint.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Standstill">The longest time between two of its entries in the log.</param>
/// <param name="Broken">Which promises to its caller were broken.</param>
internal sealed record DemoVerdict(
    string RunId,
    string ThreadId,
    string BeganOn,
    ImmutableArray<DemoMove> Happened,
    int Supersteps,
    RunStatus Status,
    TimeSpan Standstill,
    ImmutableArray<string> Broken)
{
    /// <summary>Judges a run. Pure.</summary>
    /// <param name="run">What its caller was told.</param>
    /// <param name="row">Its row.</param>
    /// <param name="log">Its entries in its thread's log, in order; not empty.</param>
    /// <param name="nameOf">Names the owner of a run.</param>
    internal static DemoVerdict Of(DemoRun run, RunSnapshot row, IReadOnlyList<LogEntry> log, Func<string, string> nameOf)
    {
        var claims = log.SelectMany(entry => entry.Records.OfType<ClaimLogRecord>().Select(claim => (entry.Attempt, claim.Owner)))
            .DistinctBy(claim => claim.Attempt).ToList();
        var ends = log.SelectMany(entry => entry.Records.OfType<EndLogRecord>().Select(end => (entry.Attempt, End: end))).ToList();
        // A base repeats checkpoints of earlier entries.
        var checkpoints = log.SelectMany(entry => entry.Records.OfType<CheckpointLogRecord>()).Select(record => record.Checkpoint)
            .DistinctBy(checkpoint => checkpoint.Id, StringComparer.Ordinal).ToList();
        var moves = claims.Zip(claims.Skip(1)).Select(pair => new DemoMove(
            ends.Any(end => end.Attempt == pair.First.Attempt && IsHandedOn(end.End)), nameOf(pair.Second.Owner)));
        var times = log.Select(entry => entry.At).Prepend(row.CreatedAt).ToList();
        return new DemoVerdict(
            row.RunId,
            row.ThreadId,
            claims.Count == 0 ? "none" : nameOf(claims[0].Owner),
            [.. moves],
            checkpoints.Count(checkpoint => checkpoint.Step >= 0),
            row.Status,
            times.Zip(times.Skip(1), (before, after) => after - before).DefaultIfEmpty(TimeSpan.Zero).Max(),
            [
                .. run.ToldCheckpoints.Except(checkpoints.Select(checkpoint => checkpoint.Id), StringComparer.Ordinal)
                    .Select(id => $"checkpoint {id} of run {row.RunId} was told of and is lost"),
                .. FindOfStatus(run, row, [.. ends.Select(end => end.End).Where(end => !IsHandedOn(end))]),
            ]);
    }

    private static IEnumerable<string> FindOfStatus(DemoRun run, RunSnapshot row, ImmutableArray<EndLogRecord> ends)
    {
        var status = WireName.Of(row.Status);
        if (!row.IsFinal)
        {
            yield return $"run {row.RunId} has not ended: {status}";
        }

        if (run.ToldStatus is not { } told || told != row.Status)
        {
            var other = run.ToldStatus is { } one ? WireName.Of(one) : "nothing";
            yield return $"run {row.RunId} is {status}, and its caller was told {other}";
        }

        if (ends is not [var end] || end.Status != status)
        {
            yield return $"run {row.RunId} is {status}, and its log says '{string.Join("', '", ends.Select(one => one.Status))}'";
        }
    }

    private static bool IsHandedOn(EndLogRecord end) =>
        end.Status == WireName.Of(RunStatus.Interrupted) && end.StopReason == WireName.Of(StopReason.Drained);
}

/// <summary>That a run went on on another silo.</summary>
/// <param name="IsHandOff">Whether the silo before has handed it off; otherwise it was lost, and another found the run.</param>
/// <param name="Silo">Where it went on.</param>
internal sealed record DemoMove(bool IsHandOff, string Silo)
{
    public override string ToString() => $"{(IsHandOff ? "handed off to" : "recovered by")} {Silo}";
}
