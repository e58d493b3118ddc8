using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs that are started while others of their thread are not final.</summary>
public sealed class RunStrategyTests
{
    [Fact]
    [Proves(ContractLine.Reject)]
    public async Task StartAsync_Reject_IsRefusedAndChangesNothing()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var before = await cluster.DumpAsync(active.Thread.Id);

        var exception = await Assert.ThrowsAsync<ThreadBusyException>(() => active.Thread.StartAsync(SampleGraphs.Gated, new { }));

        Assert.Equal((active.Run.Id, active.Thread.Id), (exception.RunId, exception.ThreadId));
        Assert.Equal(before, await cluster.DumpAsync(active.Thread.Id));
    }

    [Fact]
    [Proves(ContractLine.Enqueue)]
    public async Task StartAsync_Enqueue_RunsOneAfterTheOtherInTheOrderOfTheirStarts()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var queued = new List<RunHandle>();
        for (var index = 0; index < 5; index++)
        {
            queued.Add(await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue));
        }

        var waiting = queued.Select(run => run.WaitAsync()).ToList();
        Assert.All(await Task.WhenAll(queued.Select(run => run.GetAsync())), run => Assert.Equal(RunStatus.Pending, run.Status));
        active.Gate.Open();

        var ended = await Task.WhenAll(waiting).WithinAsync($"the queue of thread {active.Thread.Id} to end");
        Assert.All(ended, run => Assert.Equal((RunStatus.Success, 1), (run.Status, run.Attempt)));
        Assert.Equal(
            ended.OrderBy(run => run.StartedAt).Select(run => run.RunId), queued.Select(run => run.Id));
        Assert.Equal(18, (await queued[^1].ResultAsync<SampleResult>()).Done.Count);
    }

    [Fact]
    public async Task StartAsync_EnqueuedAnswerThatNobodyAsksFor_FailsInItsOwnName()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var answer = await active.Thread.StartAsync(new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = SampleGraphs.Gated,
            Resume = "true",
            Strategy = MultitaskStrategy.Enqueue,
        });

        active.Gate.Open();
        var ended = await answer.WaitAsync().WithinAsync($"run {answer.Id} to end");

        var thread = await cluster.Catalog.FindThreadAsync(active.Thread.Id, CancellationToken.None);
        var log = await new LogReview(cluster.Log).ReadAsync(thread!.LogId, CancellationToken.None);
        var view = LogView.Of(await cluster.Log.ReadLineAsync(thread.LogId, null, CancellationToken.None));
        Assert.Equal(RunStatus.Error, ended.Status);
        Assert.Equal((answer.Id, 1, "error"), (view.ClaimedBy, view.ClaimedAttempt, view.End!.Status));
        Assert.Equal(("success", "error"), (log.Ends[active.Run.Id].Status, log.Ends[answer.Id].Status));
    }

    [Fact]
    [Proves(ContractLine.Enqueue)]
    public async Task StartAsync_EnqueueAfterARestart_IsStillInOrder()
    {
        using var store = new RunStore();
        string[] expected;
        string threadId;
        await using (var first = await RunCluster.StartAsync(options => options.Store = store))
        {
            var active = await first.StartGatedRunAsync();
            var second = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
            var third = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
            (threadId, expected) = (active.Thread.Id, [active.Run.Id, second.Id, third.Id]);
            await first.StopAsync();
        }

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        cluster.Gates.OpenAll();
        await cluster.Runs.Run(expected[^1]).WaitAsync().WithinAsync($"the queue of thread {threadId} to end after the restart");

        var runs = await cluster.Runs.Thread(threadId).GetRunsAsync();
        Assert.All(runs, run => Assert.Equal(RunStatus.Success, run.Status));
        Assert.Equal(expected, runs.OrderBy(run => run.StartedAt).Select(run => run.RunId));
    }

    [Fact]
    [Proves(ContractLine.Interrupt)]
    public async Task StartAsync_Interrupt_BeginsAfterTheLastWriteOfTheActiveRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();

        var next = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Interrupt);
        var stopped = await active.Run.WaitAsync().WithinAsync("the active run to be stopped");
        active.Gate.Open();
        var ended = await next.WaitAsync().WithinAsync("the next run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Superseded), (stopped.Status, stopped.StopReason));
        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Equal(["first", "first", "gated", "last"], (await next.ResultAsync<SampleResult>()).Done);
        Assert.Equal([active.Run.Id, next.Id], (await WritersAsync(cluster, active.Thread.Id)).Distinct());
    }

    [Fact]
    [Proves(ContractLine.Interrupt)]
    public async Task StartAsync_InterruptWithAQueue_EndsTheQueuedRunsToo()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        var waiting = queued.WaitAsync();

        var next = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Interrupt);
        var ended = await waiting.WithinAsync("the queued run to end");
        active.Gate.Open();

        Assert.Equal((RunStatus.Interrupted, StopReason.Superseded, 0), (ended.Status, ended.StopReason, ended.Attempt));
        Assert.Equal(RunStatus.Success, (await next.WaitAsync().WithinAsync("the next run to end")).Status);
    }

    [Fact]
    public async Task StartAsync_InterruptAndAQueuedRunDoesNotAnswer_StopsTheActiveRun()
    {
        var silent = new Silence();
        await using var cluster = await RunCluster.StartAsync(options =>
            options.ConfigureSilo = silo => silo.Services.AddSingleton<IIncomingGrainCallFilter>(silent));
        var active = await cluster.StartGatedRunAsync();
        for (var index = 0; index < 3; index++)
        {
            var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
            silent.RunId ??= queued.Id;
        }

        var next = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Interrupt);
        await silent.Asked.WithinAsync($"queued run '{silent.RunId}' to be told");
        var stopped = await active.Run.WaitAsync().WithinAsync("the active run to be stopped");

        Assert.Equal((RunStatus.Interrupted, StopReason.Superseded), (stopped.Status, stopped.StopReason));
        silent.Break();
        active.Gate.Open();
        Assert.Equal(RunStatus.Success, (await next.WaitAsync().WithinAsync("the next run to end")).Status);
    }

    [Fact]
    [Proves(ContractLine.Rollback)]
    public async Task StartAsync_Rollback_BeginsFromTheStateBeforeTheActiveRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();

        var next = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Rollback);
        var stopped = await active.Run.WaitAsync().WithinAsync("the active run to be rolled back");
        active.Gate.Open();
        await next.WaitAsync().WithinAsync("the next run to end");

        Assert.True(stopped is { Status: RunStatus.Interrupted, StopReason: StopReason.Superseded, RolledBack: true });
        Assert.Equal(["first", "gated", "last"], (await next.ResultAsync<SampleResult>()).Done);
        Assert.Equal([next.Id], (await active.Thread.GetRunsAsync()).Select(run => run.RunId));
        Assert.All(await active.Thread.GetHistoryAsync(limit: 100), state => Assert.Equal(next.Id, state.RunId));
        await Assert.ThrowsAsync<RunNotFoundException>(() => active.Run.GetAsync());
    }

    [Fact]
    public async Task StartAsync_AdmissionFails_LeavesTheActiveRunUntouched()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var before = await cluster.DumpAsync(active.Thread.Id);
        cluster.Store.Hooks.Before = call => call == nameof(IRunCatalog.AdmitAsync)
            ? throw new InvalidOperationException("The database refused.")
            : Task.CompletedTask;

        await Assert.ThrowsAnyAsync<Exception>(
            () => active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Rollback));

        cluster.Store.Hooks.Before = _ => Task.CompletedTask;
        Assert.Equal(before, await cluster.DumpAsync(active.Thread.Id));
        active.Gate.Open();
        Assert.Equal(RunStatus.Success, (await active.Run.WaitAsync().WithinAsync("the active run to end")).Status);
    }

    [Fact]
    public async Task StartAsync_NotificationIsLost_StopsTheActiveRunWhenItIsToldAgain()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        cluster.Store.Hooks.Before = call => call == nameof(IRunCatalog.RequestCancelAsync)
            ? throw new InvalidOperationException("The call was lost.")
            : Task.CompletedTask;
        var next = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Interrupt);
        cluster.Store.Hooks.Before = _ => Task.CompletedTask;

        active.Gate.Open();
        var stopped = await active.Run.WaitAsync().WithinAsync("the active run to end");
        var ended = await next.WaitAsync().WithinAsync("the next run to end");

        // It would have been a success, but the intent that was durable before it ended wins.
        Assert.Equal((RunStatus.Interrupted, StopReason.Superseded), (stopped.Status, stopped.StopReason));
        Assert.Equal(RunStatus.Success, ended.Status);
    }

    [Fact]
    [Proves(ContractLine.IdempotencyKey)]
    public async Task StartAsync_SameIdempotencyKey_GetsTheSameRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var request = new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = SampleGraphs.Ask,
            Input = """{"count":1}""",
            IdempotencyKey = "order-4711",
        };
        var first = await thread.StartAsync(request);
        await first.WaitAsync().WithinAsync("the run to end");

        var repeated = await thread.StartAsync(request with { RunId = Guid.CreateVersion7().ToString(), Input = """{ "count": 1 }""" });
        var other = request with { RunId = Guid.CreateVersion7().ToString(), Input = """{"count":2}""" };
        var conflict = await Assert.ThrowsAsync<RunConflictException>(() => thread.StartAsync(other));

        Assert.Equal(first.Id, repeated.Id);
        Assert.Equal(first.Id, conflict.RunId);
        Assert.Single(await thread.GetRunsAsync());
    }

    private static async Task<IEnumerable<string>> WritersAsync(RunCluster cluster, string threadId)
    {
        var thread = await cluster.Catalog.FindThreadAsync(threadId, CancellationToken.None);
        return (await cluster.Log.ReadPageAsync(thread!.LogId, 0, 1000, CancellationToken.None)).Select(stored => stored.Entry.RunId);
    }

    /// <summary>Keeps the cancel of one run from its grain, as a silo does that hangs.</summary>
    private sealed class Silence : IIncomingGrainCallFilter
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal string? RunId { get; set; }

        internal Task Asked => _asked.Task;

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName == nameof(IRunGrain.CancelAsync) && context.TargetId.Key.ToString() == RunId)
            {
                _asked.TrySetResult();
                await _broken.Task;
            }

            await context.Invoke();
        }

        internal void Break() => _broken.TrySetResult();
    }
}
