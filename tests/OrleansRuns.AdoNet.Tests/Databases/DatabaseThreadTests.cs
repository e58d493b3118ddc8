using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

public sealed class DatabaseThreadTests
{
    [Fact]
    public async Task RunAsync_FromManyCallers_RunsOnePieceAtATimeOnItsOwnThread()
    {
        using var thread = new DatabaseThread("test");
        var running = 0;

        var seen = await AtOnce.RunAsync(50, _ => thread.RunAsync(() =>
        {
            var others = Interlocked.Increment(ref running);
            Thread.Yield();
            Interlocked.Decrement(ref running);
            return Task.FromResult((others, Environment.CurrentManagedThreadId));
        }));

        Assert.All(seen, piece => Assert.Equal(1, piece.others));
        Assert.Single(seen.Select(piece => piece.CurrentManagedThreadId).Distinct());
    }

    [Fact]
    public async Task RunAsync_WorkFails_OnlyItsCallerLearns()
    {
        using var thread = new DatabaseThread("test");

        await Assert.ThrowsAsync<TimeoutException>(() => thread.RunAsync<int>(() => throw new TimeoutException()));

        Assert.Equal(1, await thread.RunAsync(() => Task.FromResult(1)));
    }

    [Fact]
    public async Task RunAsync_WorkThatWouldWaitForItself_IsRefused()
    {
        using var thread = new DatabaseThread("test");

        var waiting = thread.RunAsync(() => thread.RunAsync(() => Task.FromResult(1)));

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => waiting.WithinAsync("the refusal"));
        Assert.Equal("Work of the thread 'test' may not wait for more work of it.", exception.Message);
    }

    [Fact]
    public async Task Dispose_WorkIsQueued_IsFinishedFirst()
    {
        var thread = new DatabaseThread("test");
        var release = new ManualResetEventSlim();
        var first = thread.RunAsync(() => Task.FromResult(release.Wait(TestTimeout.Hang)));
        var second = thread.RunAsync(() => Task.FromResult(2));

        var disposing = Task.Run(thread.Dispose);
        release.Set();
        await disposing.WithinAsync("the thread's end");

        Assert.True(await first);
        Assert.Equal(2, await second);
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => thread.RunAsync(() => Task.FromResult(3)));
    }
}
