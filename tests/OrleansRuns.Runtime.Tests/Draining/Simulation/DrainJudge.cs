using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Holds what a drain has told against what the database says: then, and when all is over.</summary>
internal static class DrainJudge
{
    /// <summary>The event of the coordinator's log that surfaces a miss.</summary>
    private const int NotPersistedEvent = 3600;

    /// <summary>What a drain may take longer than its time.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);

    /// <summary>More than the last writes of a run take when its database answers, a try that came too early included.</summary>
    private static readonly TimeSpan LastWrites = TimeSpan.FromMilliseconds(500);

    /// <summary>How much later than it was cancelled a node may notice.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(1);

    internal static void Check(SimulatedDrain drain)
    {
        Assert.True(drain.Elapsed <= drain.Options.Timeout + Tolerance, $"It took {drain.Elapsed} of {drain.Options.Timeout}.");
        Assert.Equal(drain.Told.Count(told => told.Outcome == DrainOutcome.NotPersisted), drain.CountedMisses);
        Assert.Equal(drain.Told.Length, drain.Told.Select(told => told.RunId).Distinct().Count());
        foreach (var run in drain.Admitted)
        {
            About(drain, run, () => CheckTold(drain, run, drain.Told.SingleOrDefault(told => told.RunId == run.Id)));
        }

        foreach (var run in drain.Runs)
        {
            About(drain, run, () => CheckLog(drain, run));
            About(drain, run, () => CheckEnd(drain, run));
        }

        Assert.True(drain.Database.Problems.Count == 0, string.Join("; ", drain.Database.Problems));
    }

    /// <summary>Gets whether the end of a run had reached the database although the drain could not know.</summary>
    internal static bool IsUnconfirmed(SimulatedDrain drain, DrainedRun told) =>
        told.Outcome == DrainOutcome.NotPersisted && IsSettled(drain.AtEnd[told.RunId].Rows[^1]);

    private static void About(SimulatedDrain drain, SimulatedRun run, Action check)
    {
        try
        {
            check();
        }
        catch (Exception exception)
        {
            var faults = drain.Connection.Faults.Where(fault => fault.RunId == run.Id).Select(fault => $"{fault.Fault} at {fault.At}");
            var log = drain.Database.EntriesOf(drain.LogOf(run)).Select(entry => $"{entry.AppendId} at {entry.At:mm:ss.fff}");
            throw new InvalidOperationException(
                $"""
                {run.Id}: {exception.Message}
                Faults: {string.Join(", ", faults)}
                Told: {drain.Told.SingleOrDefault(one => one.RunId == run.Id)}
                Rows: {string.Join(", then ", drain.Database.RowsOf(run.Id).Select(Describe))}
                Log: {string.Join(", ", log)}
                """,
                exception);
        }
    }

    private static bool IsSettled(RunRow row) => row.IsFinal || row.Resumable || row is { Status: RunStatus.Pending, Attempt: 0 };

    private static void CheckTold(SimulatedDrain drain, SimulatedRun run, DrainedRun? told)
    {
        Assert.True(drain.Silo.Keepers[run.Id].IsDraining);
        var (rows, view) = drain.AtEnd[run.Id];
        if (told is null)
        {
            Assert.True(rows.Any(SimulatedDrain.IsTakenOver), $"Nothing was told of it, and it is nobody else's: {Describe(rows[^1])}.");
            return;
        }

        if (told.Outcome == DrainOutcome.NotPersisted)
        {
            Assert.NotEmpty(told.Error!);
            Assert.Contains((NotPersistedEvent, run.Id), drain.Errors.Errors);
            Assert.False(CouldWrite(drain, run), "The database answered, and all the same its end was not written.");
            return;
        }

        Assert.Null(told.Error);
        // The others may change what it was when it was told of: a cancel, or the second silo.
        var toldAt = drain.BegunAt + told.Elapsed;
        var row = rows.LastOrDefault(one => one.UpdatedAt == toldAt && IsAsTold(one, told)) ?? rows.Last(one => one.UpdatedAt <= toldAt);
        Assert.Equal((row.Status, row.StopReason, row.Resumable), (told.Status, told.StopReason, told.Resumable));
        Assert.True(IsSettled(row), $"It was told of as safe, and its row says {Describe(row)}.");
        Assert.True(told.Outcome switch
        {
            DrainOutcome.Completed => row.IsFinal && row.StopReason != StopReason.Drained,
            DrainOutcome.TimedOut => row.Status == RunStatus.Interrupted,
            _ => row.Status == RunStatus.Pending || row is { Status: RunStatus.Interrupted, StopReason: StopReason.Drained },
        });
        Assert.True(row.StopReason != StopReason.Drained || row.Resumable == (run.Policy == RecoveryPolicy.Resume));
        if (row == rows[^1])
        {
            CheckPair(row, view);
            Assert.True(
                told.CheckpointId is null || row.RolledBack || SimulatedDrain.IsTakenOver(row)
                || told.CheckpointId == view.Root?.CheckpointId);
        }

        if (run is { Trouble: null, Timeout: null, CancelledAt: { } cancelled } && row.CancelAction is null)
        {
            // All are cancelled together, and not before their time.
            var at = SimulatedDrain.Begin + Effective(drain).CancelAt;
            Assert.InRange(cancelled, at, at + Prompt);
        }
    }

    private static string Describe(RunRow row) =>
        $"{row.Status} {row.StopReason} (attempt {row.Attempt} of {row.Owner}, resumable {row.Resumable}, cancel {row.CancelAction}) "
        + $"at {row.UpdatedAt:mm:ss.fff}";

    private static bool IsAsTold(RunRow row, DrainedRun told) =>
        (row.Status, row.StopReason, row.Resumable) == (told.Status, told.StopReason, told.Resumable);

    private static DrainSchedule Effective(SimulatedDrain drain) =>
        drain.HurriedAt is { } at ? drain.Schedule.Hurried(at) : drain.Schedule;

    /// <summary>Tells whether the database was there for a run, for long enough in what is kept for the last writes.</summary>
    private static bool CouldWrite(SimulatedDrain drain, SimulatedRun run)
    {
        var latest = SimulatedDrain.Begin + Effective(drain).ReportAt - LastWrites;
        var hasStalled = drain.Database.StallsFrom < latest + LastWrites && drain.Database.StallsUntil > latest;
        var lasting = drain.Connection.Faults.Where(fault => fault.RunId == run.Id && fault.At < latest + LastWrites)
            .Where(fault => fault.At + LastsFor(fault.Fault) > latest);
        return !hasStalled && !lasting.Any();
    }

    /// <summary>Gets for how long a fault keeps whoever meets it from trying again.</summary>
    private static TimeSpan LastsFor(DatabaseFault fault) => fault switch
    {
        DatabaseFault.Refused or DatabaseFault.AnswerLost => DrainCoordinator.RetryDelay,
        DatabaseFault.Slow => SimulatedConnection.Slowest,
        _ => SimulatedConnection.ClientTimeout,
    };

    /// <summary>Of a run that has ended, row and log say the same, unless it was cancelled: a durable intent wins over every end.</summary>
    private static void CheckPair(RunRow row, LogView view)
    {
        if (row.CancelAction is not null && row.IsFinal)
        {
            Assert.Equal((RunStatus.Interrupted, row.CancelReason), (row.Status, row.StopReason));
            Assert.Equal(row.CancelAction == CancelAction.Rollback, row.RolledBack);
            return;
        }

        if (row.Attempt > 0 && (row.IsFinal || row.Resumable))
        {
            Assert.Equal(row.RunId, view.ClaimedBy);
            // An attempt that finds the end of the one before it only passes it on.
            Assert.True(view.ClaimedAttempt <= row.Attempt);
            Assert.Equal(WireName.Of(row.Status), view.End?.Status);
            Assert.Equal(row.StopReason is { } reason ? WireName.Of(reason) : null, view.End?.StopReason);
        }
    }

    /// <summary>Checks that every checkpoint follows the one before it, whoever made it, and that what was told is durable.</summary>
    private static void CheckLog(SimulatedDrain drain, SimulatedRun run)
    {
        string? newest = null;
        var durable = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in drain.Database.EntriesOf(drain.LogOf(run)))
        {
            foreach (var checkpoint in entry.Records.OfType<CheckpointLogRecord>())
            {
                if (entry.Supersedes is not null)
                {
                    // A rollback repeats what was there before the run.
                    newest = checkpoint.Checkpoint.Id;
                    continue;
                }

                Assert.True(
                    (checkpoint.RunId is null ? checkpoint.Checkpoint.ParentId : checkpoint.Checkpoint.Id) == newest,
                    $"Checkpoint {checkpoint.Checkpoint.Id} of {entry.AppendId} does not follow {newest}, which is lost.");
                newest = checkpoint.Checkpoint.Id;
                durable.Add(newest);
            }
        }

        var keeper = drain.Silo.Keepers.GetValueOrDefault(run.Id);
        var told = keeper?.Events.Copy(0, RunEventFilter.All).Batch.Where(one => one.Event.Kind == RunEventKinds.Checkpoints) ?? [];
        Assert.All(told, one => Assert.Contains(one.Event.CheckpointId!, durable));
    }

    /// <summary>Checks what has become of a run in the end.</summary>
    private static void CheckEnd(SimulatedDrain drain, SimulatedRun run)
    {
        var row = drain.Database.RowOf(run.Id);
        var view = drain.Database.ViewOf(drain.LogOf(run));
        Assert.True(row.IsFinal, $"It never ends: {Describe(row)}.");
        CheckPair(row, view);
        var turns = view.Root is null ? [] : StateOf(run, view).Items.ToList();
        if (row.RolledBack)
        {
            Assert.Equal(SimulatedGraph.ItemsAfter(run.Graph, run.HasStateBefore ? 1 : 0), turns);
            return;
        }

        // Every superstep had its effect once, in its order, however often its node ran.
        Assert.Equal(SimulatedGraph.ItemsAfter(run.Graph, run.Until).Take(turns.Count), turns);
        if (row.Status == RunStatus.Success)
        {
            Assert.Equal(SimulatedGraph.ItemsAfter(run.Graph, run.Until).Count(), turns.Count);
            return;
        }

        var isStopped = run.Policy == RecoveryPolicy.Stop && row.StopReason == StopReason.Drained && drain.Admitted.Contains(run);
        var isLate = run.Timeout is not null && row.StopReason == StopReason.RunTimeout;
        var hasFailed = run.MayFail && row.StopReason == StopReason.NodeError;
        Assert.True(row.CancelAction is not null || isStopped || isLate || hasFailed, $"It ended without a reason: {Describe(row)}.");
    }

    private static TurnsState StateOf(SimulatedRun run, LogView view) =>
        (TurnsState)SimulatedGraph.Registry.Get(run.Graph).Load("", view.Root!.Line).State;
}
