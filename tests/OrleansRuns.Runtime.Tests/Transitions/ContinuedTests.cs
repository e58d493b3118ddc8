using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>interrupted (resumable), running of a dead silo → running.</summary>
public sealed class ContinuedTests
{
    [Theory]
    [InlineData(false, Trial.InOrder)]
    [InlineData(false, Trial.WriteFails)]
    [InlineData(false, Trial.AnswerLost)]
    [InlineData(true, Trial.InOrder)]
    [InlineData(true, Trial.WriteFails)]
    [InlineData(true, Trial.AnswerLost)]
    [Proves(ContractLine.Continued, Trial.InOrder, Trial.WriteFails, Trial.AnswerLost)]
    public async Task Continue_Claim_IsTheNextAttemptAndLosesNothing(bool stoppedInGoodOrder, Trial trial)
    {
        using var store = new RunStore();
        var left = await LeaveAsync(store, stoppedInGoodOrder);
        var calls = Inject(store, trial);

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await cluster.Gates.Of(left.ThreadId).ReachedAsync();
        var running = await cluster.Runs.Run(left.RunId).GetAsync();
        cluster.Gates.Of(left.ThreadId).Open();
        var state = await cluster.Runs.Run(left.RunId).ResultAsync<SampleResult>().WithinAsync("the run to end");

        Assert.Equal((RunStatus.Running, 2, false, null), (running.Status, running.Attempt, running.Resumable, running.StopReason));
        Assert.Equal(["first", "gated", "last"], state.Done);
        Assert.Equal((trial == Trial.InOrder ? 1 : 2, 1), (calls(), cluster.Gates.Of(left.ThreadId).Arrivals));
    }

    [Fact]
    [Proves(ContractLine.Continued, Trial.WriteIsSlow)]
    public async Task Continue_OwnerWasAliveAndEndsTheRunMeanwhile_KeepsItsEnd()
    {
        using var store = new RunStore();
        var left = await LeaveAsync(store, stoppedInGoodOrder: false);
        var begin = new HeldCall(nameof(IRunCatalog.BeginAsync));
        store.Hooks.Before = begin.PassAsync;
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await begin.ReachedAsync();

        // What the owner does that was only silent for a while.
        var ended = await cluster.Catalog.EndAsync(
            new RunEnd { RunId = left.RunId, Attempt = 1, Status = RunStatus.Success }, CancellationToken.None);
        begin.Release();
        var seen = await cluster.Runs.Run(left.RunId).WaitAsync().WithinAsync("the run to be seen as it ended");

        Assert.Equal((RunStatus.Success, 1), (ended.Status, ended.Attempt));
        Assert.Equal((RunStatus.Success, 1), (seen.Status, seen.Attempt));
        Assert.Equal(0, cluster.Gates.Of(left.ThreadId).Arrivals);
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Continued, Trial.WriteIsSlow)]
    public async Task Continue_CancelComesBeforeTheClaim_RunsNoNode(CancelAction action)
    {
        using var store = new RunStore();
        var left = await LeaveAsync(store, stoppedInGoodOrder: true);
        var begin = new HeldCall(nameof(IRunCatalog.BeginAsync));
        store.Hooks.Before = begin.PassAsync;
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await begin.ReachedAsync();

        var cancelling = cluster.Runs.Run(left.RunId).CancelAndWaitAsync(action);
        await Eventually.TrueAsync(
            async () => (await cluster.Catalog.FindRunAsync(left.RunId, CancellationToken.None))!.CancelAction is not null,
            $"the cancel of run '{left.RunId}' to be durable");
        begin.Release();
        var ended = await cancelling.WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 1), (ended.Status, ended.StopReason, ended.Attempt));
        Assert.Equal((false, action == CancelAction.Rollback), (ended.Resumable, ended.RolledBack));
        Assert.Equal(0, cluster.Gates.Of(left.ThreadId).Arrivals);
    }

    [Fact]
    [Proves(ContractLine.Enqueue, Trial.InOrder)]
    public async Task Continue_OfAResumableRun_ComesBeforeItsQueue()
    {
        using var store = new RunStore();
        var left = await LeaveAsync(store, stoppedInGoodOrder: true);
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await cluster.Gates.Of(left.ThreadId).ReachedAsync();
        var thread = cluster.Runs.Thread(left.ThreadId);

        var busy = await Assert.ThrowsAsync<ThreadBusyException>(() => thread.StartAsync(SampleGraphs.Gated, new { }));
        var queued = await thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        cluster.Gates.Of(left.ThreadId).Open();
        var state = await queued.ResultAsync<SampleResult>().WithinAsync("the queued run to end");

        Assert.Equal(left.RunId, busy.RunId);
        Assert.Equal(["first", "gated", "last", "first", "gated", "last"], state.Done);
    }

    private static Func<int> Inject(RunStore store, Trial trial)
    {
        var (before, after) = (0, 0);
        store.Hooks.Before = call =>
            call == nameof(IRunCatalog.BeginAsync) && Interlocked.Increment(ref before) == 1 && trial == Trial.WriteFails
                ? Task.FromException(new TimeoutException("The database did not answer."))
                : Task.CompletedTask;
        store.Hooks.After = call =>
            call == nameof(IRunCatalog.BeginAsync) && Interlocked.Increment(ref after) == 1 && trial == Trial.AnswerLost
                ? Task.FromException(new TimeoutException("The answer was lost."))
                : Task.CompletedTask;
        return () => before;
    }

    /// <summary>Leaves a run at its gate: of a silo that stopped in good order, or of one that died there.</summary>
    private static async Task<RunRow> LeaveAsync(RunStore store, bool stoppedInGoodOrder)
    {
        RunRow row;
        await using (var cluster = await RunCluster.StartAsync(options =>
        {
            options.Store = store;
            // No longer than a silo that has died tries to write.
            options.Configure = runs => runs.Configure<DrainOptions>(
                drain => drain.Timeout = stoppedInGoodOrder ? drain.Timeout : TimeSpan.FromSeconds(2));
        }))
        {
            var active = await cluster.StartGatedRunAsync();
            row = (await cluster.Catalog.FindRunAsync(active.Run.Id, CancellationToken.None))!;
            // A silo that has died writes no end.
            store.Hooks.Before = call => call == nameof(IRunCatalog.EndAsync) && !stoppedInGoodOrder
                ? Task.FromException(new InvalidOperationException("The silo has died."))
                : Task.CompletedTask;
            await cluster.StopAsync();
        }

        store.Hooks.Before = _ => Task.CompletedTask;
        return row;
    }
}
