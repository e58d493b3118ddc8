using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host.Tests;

/// <summary>That the demonstration would notice what it says has not happened.</summary>
public sealed class DemoVerdictTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static readonly LogEntry[] Moved =
    [
        Entry(1, 1, new ClaimLogRecord { Owner = "one", Graph = "order", Fingerprint = "f" }, Checkpoint("a", -1)),
        Entry(2, 1, Checkpoint("b", 0)),
        Entry(3, 1, new EndLogRecord { Status = "interrupted", StopReason = "drained" }),
        Entry(4, 2, new ClaimLogRecord { Owner = "two", Graph = "order", Fingerprint = "f" }),
        Entry(9, 3, new ClaimLogRecord { Owner = "three", Graph = "order", Fingerprint = "f" }),
        Entry(10, 3, Checkpoint("c", 1)),
        Entry(11, 3, new EndLogRecord { Status = "success" }),
    ];

    [Fact]
    public void Of_RunWasHandedOffAndThenLost_TellsBothAndTheLongestStandstill()
    {
        var verdict = DemoVerdict.Of(Told(RunStatus.Success, "a", "b", "b", "c"), Row(RunStatus.Success), Moved, owner => $"silo {owner}");

        Assert.Empty(verdict.Broken);
        Assert.Equal(("silo one", 2, TimeSpan.FromSeconds(5)), (verdict.BeganOn, verdict.Supersteps, verdict.Standstill));
        Assert.Equal(["handed off to silo two", "recovered by silo three"], verdict.Happened.Select(move => move.ToString()));
    }

    [Fact]
    public void Of_ToldCheckpointIsNotThere_IsBroken()
    {
        var verdict = DemoVerdict.Of(Told(RunStatus.Success, "a", "x"), Row(RunStatus.Success), Moved, owner => owner);

        Assert.Contains("checkpoint x ", Assert.Single(verdict.Broken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunStatus.Success, RunStatus.Interrupted, 2)]
    [InlineData(RunStatus.Error, RunStatus.Success, 1)]
    [InlineData(null, RunStatus.Success, 1)]
    [InlineData(RunStatus.Running, RunStatus.Running, 2)]
    public void Of_RowLogAndCallerDisagree_IsBroken(RunStatus? told, RunStatus row, int findings) =>
        Assert.Equal(findings, DemoVerdict.Of(Told(told), Row(row), Moved, owner => owner).Broken.Length);

    private static DemoRun Told(RunStatus? status, params IEnumerable<string> checkpoints)
    {
        var run = new DemoRun(1) { ToldStatus = status };
        run.ToldCheckpoints.AddRange(checkpoints);
        return run;
    }

    private static RunSnapshot Row(RunStatus status) => new()
    {
        RunId = "run",
        ThreadId = "order-1",
        Graph = "order",
        Status = status,
        Attempt = 3,
        CreatedAt = Start,
        UpdatedAt = Start,
    };

    private static LogEntry Entry(int second, int attempt, params ImmutableArray<LogRecord> records) => new()
    {
        AppendId = $"run/{attempt}/{second}",
        RunId = "run",
        Attempt = attempt,
        At = Start.AddSeconds(second),
        Records = records,
    };

    private static CheckpointLogRecord Checkpoint(string id, int step) => new()
    {
        Checkpoint = new CheckpointRecord { Id = id, Step = step, Source = step < 0 ? CheckpointSource.Input : CheckpointSource.Loop },
    };
}
