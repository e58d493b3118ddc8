using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class NodeSchedulerTests
{
    [Fact]
    public async Task StartAsync_MoreNodesThanSlots_NeverRunsMoreAtATime()
    {
        using var scheduler = new NodeScheduler(3, TimeProvider.System);
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
        using var scheduler = new NodeScheduler(2, TimeProvider.System);

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
        using var scheduler = new NodeScheduler(1, TimeProvider.System);
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
        using var scheduler = new NodeScheduler(1, TimeProvider.System);
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
        using var scheduler = new NodeScheduler(2, TimeProvider.System);
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

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task StartAsync_AsManyNodesAsSlotsBlockOnTheirOwnAsyncCode_End(int slots)
    {
        using var scheduler = new NodeScheduler(slots, TimeProvider.System);
        using var together = new Barrier(slots);

        var works = await Task.WhenAll(Enumerable.Range(0, slots).Select(_ => scheduler.StartAsync(
            () => Task.FromResult(together.SignalAndWait(TestTimeout.Hang) && HelpAsync().GetAwaiter().GetResult()),
            CancellationToken.None))).WithinAsync($"{slots} nodes to start");
        var helped = await Task.WhenAll(works.Select(work => work.Task)).WithinAsync($"{slots} nodes that block on their helpers");

        Assert.DoesNotContain(false, helped);

        static async Task<bool> HelpAsync()
        {
            await Task.Yield();
            return true;
        }
    }

    [Fact]
    public async Task StartAsync_EveryThreadBlocks_MakesOneMoreForEachSlotAtMost()
    {
        const int Slots = 2;
        var time = new FakeTimeProvider();
        using var scheduler = new NodeScheduler(Slots, time);
        using var gate = new ManualResetEventSlim();
        using var arrived = new SemaphoreSlim(0);
        var threads = new ConcurrentDictionary<int, bool>();
        var work = await scheduler.StartAsync(
            () => Task.WhenAll(Enumerable.Range(0, 20).Select(_ => BlockAsync())), CancellationToken.None);

        for (var thread = 1; thread <= Slots * 2; thread++)
        {
            Assert.True(await arrived.WaitAsync(TestTimeout.Hang), $"Thread {thread} was not made.");
            // The first look sees that a thread has come for something, the second one that none has since.
            time.Advance(NodeScheduler.StuckTime);
            time.Advance(NodeScheduler.StuckTime);
        }

        time.Advance(TimeSpan.FromMinutes(1));
        gate.Set();
        Assert.DoesNotContain(false, await work.Task.WithinAsync("the branches of the node to end"));
        Assert.Equal(Slots * 2, threads.Count);

        async Task<bool> BlockAsync()
        {
            await Task.Yield();
            threads[Environment.CurrentManagedThreadId] = true;
            arrived.Release();
            return gate.Wait(TestTimeout.Hang);
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
