using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunTimeoutTests
{
    [Theory]
    [InlineData(SampleGraphs.Gated)]
    [InlineData(SampleGraphs.Deaf)]
    public async Task StartAsync_TimeIsOver_EndsAsTimeoutAndKeepsItsCheckpoints(string graph)
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();

        var run = await thread.StartAsync(Request(graph, TimeSpan.FromSeconds(1)));
        var ended = await run.WaitAsync().WithinAsync("the run to run out of its time");

        Assert.Equal((RunStatus.Timeout, StopReason.RunTimeout), (ended.Status, ended.StopReason));
        Assert.Contains("00:00:01", ended.Error, StringComparison.Ordinal);
        var state = await thread.GetStateAsync();
        Assert.Equal((ThreadStatus.Error, "gated"), (state.Status, Assert.Single(state.Next)));
    }

    [Fact]
    public async Task StartAsync_EndsInTime_IsASuccess()
    {
        await using var cluster = await RunCluster.StartAsync();
        cluster.Gates.OpenAll();

        var run = await cluster.Runs.Thread().StartAsync(Request(SampleGraphs.Gated, TimeSpan.FromDays(30)));

        Assert.Equal(RunStatus.Success, (await run.WaitAsync().WithinAsync("the run to end")).Status);
    }

    [Fact]
    public async Task StartAsync_GoesOnInAnotherProcessAfterItsTime_EndsAsTimeout()
    {
        using var store = new RunStore();
        string runId;
        await using (var first = await RunCluster.StartAsync(options =>
        {
            options.Store = store;
            // Its time must not be over before the silo has stopped.
            options.Configure = runs => runs.Configure<DrainOptions>(drain => drain.SuperstepGrace = TimeSpan.Zero);
        }))
        {
            var thread = first.Runs.Thread();
            runId = (await thread.StartAsync(Request(SampleGraphs.Gated, TimeSpan.FromSeconds(2)))).Id;
            await first.Gates.Of(thread.Id).ReachedAsync();
            await first.StopAsync();
        }

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var ended = await cluster.Runs.Run(runId).WaitAsync().WithinAsync("the run to run out of its time");

        Assert.Equal((RunStatus.Timeout, 2), (ended.Status, ended.Attempt));
        Assert.InRange(ended.UpdatedAt - ended.StartedAt!.Value, TimeSpan.FromSeconds(2), TestTimeout.Hang);
    }

    private static StartRunRequest Request(string graph, TimeSpan timeout) =>
        new() { RunId = Guid.CreateVersion7().ToString(), Graph = graph, Input = "{}", Timeout = timeout };
}
