using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class NodeRunnerTests : IDisposable
{
    private readonly NodeRunnerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task RunAsync_FailsTwice_IsTriedAgainAfterItsDelays()
    {
        var failed = new SemaphoreSlim(0);
        var graph = NodeRunnerFixture.Graph(
            (state, node) =>
            {
                if (node.Attempt < 3)
                {
                    failed.Release();
                    throw new HttpRequestException("not yet");
                }

                return Task.FromResult(state with { Number = node.Attempt });
            },
            new() { Retry = RetryPolicy.Default });

        var running = _fixture.RunAsync(graph);
        foreach (var delay in new[] { 1, 2 })
        {
            await failed.WaitAsync().WithinAsync($"failure {delay} of the node");
            await AdvanceUntilAsync(() => running.IsCompleted || failed.CurrentCount > 0, TimeSpan.FromSeconds(1));
        }

        var result = await running.WithinAsync("the third attempt");
        Assert.Equal("""{"number":3}""", result.Writes!.Update!.Value.GetRawText());
        Assert.Equal(["start 1", "error 1", "retry 2", "error 2", "retry 3"], _fixture.Told());
    }

    [Fact]
    public async Task RunAsync_ErrorThatIsNotRetried_FailsWithItsTypeAndMessage()
    {
        var graph = NodeRunnerFixture.Graph((_, _) => throw new ArgumentException("a bug"), new() { Retry = RetryPolicy.Default });

        var result = await _fixture.RunAsync(graph).WithinAsync("the node to fail");

        Assert.Null(result.Writes);
        var error = result.Error!;
        Assert.Equal(("node", "System.ArgumentException", "a bug", 1), (error.Node, error.Type, error.Message, error.Attempts));
        Assert.False(result.IsTimeout);
    }

    [Fact]
    public async Task RunAsync_PredicateOfTheRetriesThrows_FailsTheTaskWithBoth()
    {
        var graph = NodeRunnerFixture.Graph(
            (_, _) => throw new HttpRequestException("down"),
            new() { Retry = new() { RetryOn = _ => throw new IOException("no rules") } });

        var result = await _fixture.RunAsync(graph).WithinAsync("the node to fail");

        Assert.Equal("RetryOn threw 'no rules' when it was asked about 'down'.", result.Error!.Message);
        Assert.Equal(["start 1", "error 1"], _fixture.Told());
    }

    [Fact]
    public async Task RunAsync_ResultComesAfterItsTime_CountsAsTimedOut()
    {
        var started = new SemaphoreSlim(0);
        var release = new TaskCompletionSource();
        var graph = NodeRunnerFixture.Graph(
            async (state, node) =>
            {
                started.Release();
                await release.Task;
                return state with { Number = 1 };
            },
            new() { Timeout = TimeSpan.FromSeconds(5) });

        var running = _fixture.RunAsync(graph);
        await started.WaitAsync().WithinAsync("the node to start");
        _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        release.SetResult();
        var result = await running.WithinAsync("the node to end within its grace");

        Assert.Null(result.Writes);
        Assert.True(result.IsTimeout);
    }

    [Fact]
    public async Task RunAsync_Timeout_CancelsTheNodeAndSaysSo()
    {
        var started = new SemaphoreSlim(0);
        var graph = NodeRunnerFixture.Graph(
            async (state, node) =>
            {
                started.Release();
                await Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken);
                return state;
            },
            new() { Timeout = TimeSpan.FromSeconds(5) });

        var running = _fixture.RunAsync(graph);
        await started.WaitAsync().WithinAsync("the node to start");
        _fixture.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(running.IsCompleted);
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));

        var result = await running.WithinAsync("the node to be cancelled");
        Assert.True(result.IsTimeout);
        Assert.Contains("ran into its timeout of 00:00:05", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_IdleTimeout_StartsAnewWithEveryHeartbeat()
    {
        var beat = new SemaphoreSlim(0);
        var beaten = new SemaphoreSlim(0);
        var graph = NodeRunnerFixture.Graph(
            async (state, node) =>
            {
                for (var count = 0; count < 3; count++)
                {
                    await beat.WaitAsync(node.CancellationToken);
                    node.Heartbeat();
                    beaten.Release();
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken);
                return state;
            },
            new() { IdleTimeout = TimeSpan.FromSeconds(5) });

        var running = _fixture.RunAsync(graph);
        for (var count = 0; count < 3; count++)
        {
            beat.Release();
            await beaten.WaitAsync().WithinAsync($"heartbeat {count}");
            _fixture.Time.Advance(TimeSpan.FromSeconds(4));
            Assert.False(running.IsCompleted);
        }

        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await running.WithinAsync("the idle node to be cancelled")).IsTimeout);
    }

    [Fact]
    public async Task RunAsync_NodeIgnoresItsToken_IsLeftBehindAfterTheGraceAndItsResultIsDropped()
    {
        using var stop = new CancellationTokenSource();
        using var gate = new ManualResetEventSlim();
        var started = new SemaphoreSlim(0);
        NodeContext? seen = null;
        var graph = NodeRunnerFixture.Graph((state, node) =>
        {
            seen = node;
            started.Release();
            gate.Wait(TestTimeout.Hang);
            node.Emit("too late");
            return Task.FromResult(state with { Number = 1 });
        });

        var running = _fixture.RunAsync(graph, stop: stop.Token);
        await started.WaitAsync().WithinAsync("the node to start");
        await stop.CancelAsync();
        await AdvanceUntilAsync(() => running.IsCompleted, TimeSpan.FromSeconds(1));

        Assert.Same(NodeResult.Stopped, await running.WithinAsync("the node to be left behind"));
        Assert.Equal(1, _fixture.Scheduler.LeftBehind);
        const string LateResult = "Information Run run: attempt 1 of node node ended after it was left behind. Its result is discarded.";
        Assert.DoesNotContain(LateResult, _fixture.Logs);
        gate.Set();
        await Eventually.TrueAsync(() => Task.FromResult(_fixture.Scheduler.LeftBehind == 0), "the node that was left behind to end");
        await Eventually.TrueAsync(
            () => Task.FromResult(_fixture.Logs.Contains(LateResult)),
            "the late result of run 'run' to be logged",
            found: () => Task.FromResult(string.Join(' ', _fixture.Logs)));
        Assert.Equal(["start 1"], _fixture.Told());
    }

    [Fact]
    public async Task RunAsync_SameTaskAgain_HasTheSameIdempotencyKeyAndAnotherCheckpointHasNot()
    {
        var keys = new List<string>();
        var graph = NodeRunnerFixture.Graph((state, node) =>
        {
            keys.Add(node.IdempotencyKey);
            return Task.FromResult(state);
        });

        await _fixture.RunAsync(graph, id: "1");
        await _fixture.RunAsync(graph, id: "1");
        await _fixture.RunAsync(graph, id: "2");

        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual(keys[0], keys[2]);
    }

    /// <summary>Moves the clock on until something has happened: the timer may be armed after the clock was moved the first time.</summary>
    private Task AdvanceUntilAsync(Func<bool> happened, TimeSpan step) => Eventually.TrueAsync(
        () =>
        {
            if (!happened())
            {
                _fixture.Time.Advance(step);
            }

            return Task.FromResult(happened());
        },
        "the node to go on after its delay");
}
