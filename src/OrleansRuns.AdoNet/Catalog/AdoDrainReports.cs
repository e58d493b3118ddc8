using System.Collections.Immutable;
using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

internal sealed class AdoDrainReports(IDatabase database) : IDrainReports
{
    /// <summary>How many runs one statement stores: the parameters of a statement are limited.</summary>
    private const int RunsAtOnce = 200;

    /// <summary>How long reports are kept.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public Task SaveAsync(DrainReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        return database.WriteAsync(async () =>
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var inserted = await connection.ExecuteAsync(
                "insert into drain_reports (silo, started_at, elapsed_ms, budget_ms) values (@silo, @started, @elapsed, @budget) "
                + "on conflict do nothing",
                ("silo", report.Silo),
                ("started", report.StartedAt),
                ("elapsed", (long)report.Elapsed.TotalMilliseconds),
                ("budget", (long)report.Budget.TotalMilliseconds));
            foreach (var chunk in inserted == 0 ? [] : report.Runs.Chunk(RunsAtOnce))
            {
                await connection.ExecuteAsync(
                    Insert(chunk.Length),
                    [("silo", report.Silo), ("started", report.StartedAt), .. chunk.SelectMany(Parameters)]);
            }

            await connection.ExecuteAsync("delete from drain_reports where started_at < @old", ("old", report.StartedAt - Kept));
            await transaction.CommitAsync(CancellationToken.None);
            return true;
        });
    }

    public Task<ImmutableArray<DrainReport>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 100);
        return database.ReadAsync(async () =>
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            const string Newest = "select silo, started_at from drain_reports order by started_at desc, silo limit @limit";
            var runs = await connection.QueryAsync(
                "select silo, run_id, thread_id, outcome, status, stop_reason, resumable, checkpoint_id, elapsed_ms, error, signal, "
                + $"started_at from drain_runs where (silo, started_at) in ({Newest}) order by run_id",
                row => (Key: (row.GetString(0), row.GetFieldValue<DateTimeOffset>(11)), Run: ReadRun(row)),
                ("limit", limit));
            var byDrain = runs.ToLookup(one => one.Key, one => one.Run);
            return await connection.QueryAsync(
                "select silo, started_at, elapsed_ms, budget_ms from drain_reports order by started_at desc, silo limit @limit",
                row => new DrainReport
                {
                    Silo = row.GetString(0),
                    StartedAt = row.GetFieldValue<DateTimeOffset>(1),
                    Elapsed = TimeSpan.FromMilliseconds(row.GetInt64(2)),
                    Budget = TimeSpan.FromMilliseconds(row.GetInt64(3)),
                    Runs = [.. byDrain[(row.GetString(0), row.GetFieldValue<DateTimeOffset>(1))]],
                },
                ("limit", limit));
        });
    }

    private static string Insert(int count) =>
        "insert into drain_runs "
        + "(silo, started_at, run_id, thread_id, outcome, status, stop_reason, resumable, checkpoint_id, elapsed_ms, error, signal) values "
        + string.Join(", ", Enumerable.Range(0, count).Select(at =>
            $"(@silo, @started, @run{at}, @thread{at}, @outcome{at}, @status{at}, @reason{at}, @resumable{at}, @checkpoint{at}, "
            + $"@elapsed{at}, @error{at}, @signal{at})"));

    private static IEnumerable<(string Name, object? Value)> Parameters(DrainedRun run, int at) =>
    [
        ($"run{at}", run.RunId),
        ($"thread{at}", run.ThreadId),
        ($"outcome{at}", WireName.Of(run.Outcome)),
        ($"status{at}", WireName.Of(run.Status)),
        ($"reason{at}", run.StopReason is { } reason ? WireName.Of(reason) : null),
        ($"resumable{at}", run.Resumable),
        ($"checkpoint{at}", run.CheckpointId),
        ($"elapsed{at}", (long)run.Elapsed.TotalMilliseconds),
        ($"error{at}", SqlText.Of(run.Error)),
        ($"signal{at}", WireName.Of(run.Signal)),
    ];

    private static DrainedRun ReadRun(DbDataReader row) => new()
    {
        RunId = row.GetString(1),
        ThreadId = row.GetString(2),
        Outcome = WireName.Parse<DrainOutcome>(row.GetString(3)),
        Status = WireName.Parse<RunStatus>(row.GetString(4)),
        StopReason = row.IsDBNull(5) ? null : WireName.Parse<StopReason>(row.GetString(5)),
        Resumable = row.GetBoolean(6),
        CheckpointId = row.IsDBNull(7) ? null : row.GetString(7),
        Elapsed = TimeSpan.FromMilliseconds(row.GetInt64(8)),
        Error = row.IsDBNull(9) ? null : row.GetString(9),
        Signal = WireName.Parse<DrainSignal>(row.GetString(10)),
    };
}
