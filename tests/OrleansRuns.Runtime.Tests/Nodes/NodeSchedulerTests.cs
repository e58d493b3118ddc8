using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class NodeSchedulerTests
{
    [Fact]
    public async Task StartAsync_MoreNodesThanSlots_NeverRunsMoreAtATime()
    {
        using var scheduler = new NodeScheduler(3);
        using var together = new Barrier(3);
        var running = 0;
        var most = 0;

        var works = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => scheduler.StartAsync(
            async () =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                await Task.Yield();
                var met = together.SignalAndWait(TestTimeout.Hang);
                Interlocked.Decrement(ref running);
                return met;
            },
            CancellationToken.None))).WithinAsync("60 nodes to start in 3 slots");
        var met = await Task.WhenAll(works.Select(work => work.Task)).WithinAsync("60 nodes to end");

        Assert.DoesNotContain(false, met);
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task StartAsync_Continuations_StayOnTheSchedulersOwnThreads()
    {
        using var scheduler = new NodeScheduler(2);

        var work = await scheduler.StartAsync(
            async () =>
            {
                var before = (Thread.CurrentThread.Name, Thread.CurrentThread.IsThreadPoolThread);
                await Task.Run(() => Thread.SpinWait(10_000));
                return (Before: before, After: (Thread.CurrentThread.Name, Thread.CurrentThread.IsThreadPoolThread));
            },
            CancellationToken.None);
        var (before, after) = await work.Task.WithinAsync("the node to end");

        Assert.Equal(("OrleansRuns node", false), before);
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task StartAsync_AllSlotsTaken_WaitsUntilOneIsFreeOrIsCancelled()
    {
        using var scheduler = new NodeScheduler(1);
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var first = await scheduler.StartAsync(() => Task.FromResult(gate.Wait(TestTimeout.Hang)), CancellationToken.None);

        var second = scheduler.StartAsync(() => Task.FromResult(2), CancellationToken.None);
        var third = scheduler.StartAsync(() => Task.FromResult(3), cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third.WithinAsync("the third node to give up"));
        Assert.False(second.IsCompleted);
        gate.Set();
        Assert.True(await first.Task.WithinAsync("the first node"));
        Assert.Equal(2, await (await second.WithinAsync("the second node to start")).Task.WithinAsync("the second node"));
    }

    [Fact]
    public async Task LeaveBehind_NodeThatBlocks_GivesItsSlotToTheNext()
    {
        using var scheduler = new NodeScheduler(1);
        using var gate = new ManualResetEventSlim();
        var deaf = await scheduler.StartAsync(() => Task.FromResult(gate.Wait(TestTimeout.Hang)), CancellationToken.None);

        Assert.True(deaf.LeaveBehind());
        Assert.Equal(1, scheduler.LeftBehind);
        var next = await scheduler.StartAsync(() => Task.FromResult(2), CancellationToken.None).WithinAsync("the freed slot");
        Assert.Equal(2, await next.Task.WithinAsync("the next node"));

        gate.Set();
        await deaf.Task.WithinAsync("the node that was left behind");
        await Eventually.TrueAsync(() => Task.FromResult(scheduler.LeftBehind == 0), "the node that was left behind to be forgotten");
        Assert.Equal(1, scheduler.MaximumConcurrencyLevel);
        Assert.False(deaf.LeaveBehind());
    }

    [Fact]
    public async Task LeaveBehind_AnotherNodesContinuationWaits_GoesOn()
    {
        using var scheduler = new NodeScheduler(2);
        using var gate = new ManualResetEventSlim();
        var signal = new TaskCompletionSource();
        var waiting = await scheduler.StartAsync(
            async () =>
            {
                await signal.Task;
                return 1;
            },
            CancellationToken.None);
        var first = await scheduler.StartAsync(() => Task.FromResult(gate.Wait(TestTimeout.Hang)), CancellationToken.None);
        Assert.True(first.LeaveBehind());
        var second = await scheduler.StartAsync(() => Task.FromResult(gate.Wait(TestTimeout.Hang)), CancellationToken.None);
        Assert.True(second.LeaveBehind());

        signal.SetResult();

        Assert.Equal(1, await waiting.Task.WithinAsync("the continuation beside two nodes that were left behind"));
        gate.Set();
        await Task.WhenAll(first.Task, second.Task).WithinAsync("the nodes that were left behind");
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
