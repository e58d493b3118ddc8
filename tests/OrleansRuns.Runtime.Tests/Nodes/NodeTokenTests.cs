using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a node's own code hangs onto its token: it is the author's, and may do anything.</summary>
public sealed class NodeTokenTests : IDisposable
{
    private readonly NodeRunnerFixture _fixture = new();
    private readonly SemaphoreSlim _started = new(0);

    public void Dispose()
    {
        _fixture.Dispose();
        _started.Dispose();
    }

    [Fact]
    public async Task RunAsync_CallbackThrowsWhenTheTimeIsOver_CountsAsTimedOut()
    {
        var graph = NodeRunnerFixture.Graph(
            async (state, node) =>
            {
                await using var _ = node.CancellationToken.Register(() => throw new InvalidOperationException("A callback of a node."));
                _started.Release();
                await Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken);
                return state;
            },
            new() { Timeout = TimeSpan.FromSeconds(5) });

        var running = _fixture.RunAsync(graph);
        await _started.WaitAsync().WithinAsync("the node to start");
        // A timer calls back from here. On a silo, what it threw would end the process.
        _fixture.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.True((await running.WithinAsync("the node to be cancelled")).IsTimeout);
    }

    [Fact]
    public async Task RunAsync_CallbackDoesNotReturn_IsLeftBehindAfterTheGrace()
    {
        using var stop = new CancellationTokenSource();
        using var gate = new ManualResetEventSlim();
        var graph = NodeRunnerFixture.Graph(async (state, node) =>
        {
            await Task.Yield();
            var registration = node.CancellationToken.Register(() => gate.Wait(TestTimeout.Hang));
            _started.Release();
            gate.Wait(TestTimeout.Hang);
            await registration.DisposeAsync();
            return state;
        });

        var running = _fixture.RunAsync(graph, stop: stop.Token);
        await _started.WaitAsync().WithinAsync("the node to start");
        var stopping = stop.CancelAsync();
        await Eventually.TrueAsync(
            () =>
            {
                _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(running.IsCompleted);
            },
            "the node to be left behind");

        Assert.Same(NodeResult.Stopped, await running.WithinAsync("the node to be left behind"));
        await stopping.WithinAsync("everybody else to hear of it");
        gate.Set();
    }
}
