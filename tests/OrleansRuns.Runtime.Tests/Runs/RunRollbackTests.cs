using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Cancels that return the thread to its state before the run.</summary>
public sealed class RunRollbackTests
{
    [Fact]
    [Proves(ContractLine.CancelRollsBack)]
    public async Task CancelAsync_RollbackOfAThreadsFirstRun_LeavesTheThreadAsNew()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var vanished = (await active.Thread.GetHistoryAsync()).Select(state => state.CheckpointId!).ToList();

        var ended = await active.Run.CancelAndWaitAsync(CancelAction.Rollback).WithinAsync("the run to be rolled back");

        Assert.True(ended is { Status: RunStatus.Interrupted, StopReason: StopReason.Cancelled, RolledBack: true });
        await Assert.ThrowsAsync<RunNotFoundException>(() => active.Run.GetAsync());
        Assert.Empty(await active.Thread.GetRunsAsync());
        Assert.Empty(await active.Thread.GetHistoryAsync());
        var state = await active.Thread.GetStateAsync();
        Assert.Equal((ThreadStatus.Idle, null), (state.Status, state.CheckpointId));
        Assert.NotEmpty(vanished);
        foreach (var checkpoint in vanished)
        {
            await Assert.ThrowsAsync<CheckpointNotFoundException>(() => active.Thread.GetStateAsync(checkpoint));
            await Assert.ThrowsAsync<CheckpointNotFoundException>(() => active.Thread.GetHistoryAsync(before: checkpoint));
            await Assert.ThrowsAsync<CheckpointNotFoundException>(() => active.Thread.ForkAsync(checkpoint));
        }

        active.Gate.Open();
        var next = await active.Thread.StartAsync(SampleGraphs.Gated, new { });
        await next.WaitAsync().WithinAsync("the next run to end");
        Assert.Equal(["first", "gated", "last"], (await next.ResultAsync<SampleResult>()).Done);
    }

    [Fact]
    [Proves(ContractLine.CancelRollsBack)]
    public async Task CancelAsync_RollbackOfAnAnswer_AsksTheSameQuestionAgain()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var asking = await thread.StartAsync(SampleGraphs.AskThenGated, new { });
        await asking.WaitAsync().WithinAsync("the run to ask");
        var before = await thread.GetStateAsync();
        var history = await thread.GetHistoryAsync();
        var answered = await thread.ResumeAsync(SampleGraphs.AskThenGated, "Ada");
        await cluster.Gates.Of(thread.Id).ReachedAsync();

        await answered.CancelAndWaitAsync(CancelAction.Rollback).WithinAsync("the run to be rolled back");

        var after = await thread.GetStateAsync();
        Assert.Equal(ThreadStatus.Interrupted, after.Status);
        Assert.Equal(Assert.Single(before.Interrupts).Id, Assert.Single(after.Interrupts).Id);
        Assert.Equal((before.CheckpointId, before.Values), (after.CheckpointId, after.Values));
        Assert.Equal(history.Select(state => state.CheckpointId), (await thread.GetHistoryAsync()).Select(state => state.CheckpointId));
        Assert.Equal(before.Next, (await thread.GetStateAsync(before.CheckpointId)).Next);
        Assert.Single((await thread.GetStateAsync(before.CheckpointId)).Interrupts);

        cluster.Gates.OpenAll();
        var second = await thread.ResumeAsync(SampleGraphs.AskThenGated, "Grace");
        await second.WaitAsync().WithinAsync("the second answer to be worked on");
        Assert.Equal("Grace", (await second.ResultAsync<SampleState>()).Name);
    }

    [Fact]
    public async Task CancelAsync_RollbackOfAQueuedRun_TouchesNothingElse()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);

        var ended = await queued.CancelAndWaitAsync(CancelAction.Rollback).WithinAsync("the queued run to end");
        active.Gate.Open();

        Assert.True(ended is { Status: RunStatus.Interrupted, RolledBack: true, Attempt: 0 });
        Assert.Equal(RunStatus.Success, (await active.Run.WaitAsync().WithinAsync("the active run to end")).Status);
        Assert.Equal(["first", "gated", "last"], (await active.Run.ResultAsync<SampleResult>()).Done);
    }

    [Fact]
    public async Task CancelAsync_RollbackAfterAnInterrupt_LeavesTheFirstAction()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync(SampleGraphs.Deaf);
        await active.Run.CancelAsync();

        var ended = await active.Run.CancelAndWaitAsync(CancelAction.Rollback).WithinAsync("the run to end");

        Assert.False(ended.RolledBack);
        Assert.NotEmpty(await active.Thread.GetHistoryAsync());
    }

    [Fact]
    public async Task CancelAsync_DatabaseFailsInTheMiddleOfARollback_RollsBackOnce()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var failures = 0;
        cluster.Store.Hooks.Before = call => call == nameof(IRunCatalog.EndAsync) && Interlocked.Increment(ref failures) <= 2
            ? throw new TimeoutException("The database did not answer.")
            : Task.CompletedTask;

        var ended = await active.Run.CancelAndWaitAsync(CancelAction.Rollback).WithinAsync("the run to be rolled back");

        Assert.True(ended.RolledBack);
        Assert.Equal(3, failures);
        var thread = await cluster.Catalog.FindThreadAsync(active.Thread.Id, CancellationToken.None);
        var entries = await cluster.Log.ReadPageAsync(thread!.LogId, 0, 1000, CancellationToken.None);
        Assert.Single(entries, stored => stored.Entry.Supersedes is not null);
        Assert.Null(thread.Holder);
    }

    [Fact]
    public async Task CancelAsync_RollbackAfterAProcessDeath_RollsBackWithoutExecuting()
    {
        using var store = new RunStore();
        string runId;
        string threadId;
        await using (var first = await RunCluster.StartAsync(options => options.Store = store))
        {
            var active = await first.StartGatedRunAsync();
            (runId, threadId) = (active.Run.Id, active.Thread.Id);
            await first.Catalog.RequestCancelAsync(runId, CancelAction.Rollback, CancellationToken.None);
            await first.StopAsync();
        }

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var ended = await cluster.Runs.Run(runId).WaitAsync().WithinAsync("the run to be rolled back after the restart");

        Assert.True(ended is { Status: RunStatus.Interrupted, RolledBack: true, Attempt: 1 });
        Assert.Equal(0, cluster.Gates.Of(threadId).Arrivals);
        Assert.Empty(await cluster.Runs.Thread(threadId).GetHistoryAsync());
    }
}
