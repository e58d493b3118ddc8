using Microsoft.Extensions.DependencyInjection;
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
        var time = new SkippedTime();
        await using var cluster = await RunCluster.StartAsync(options =>
            options.ConfigureSilo = silo => silo.Services.AddSingleton<TimeProvider>(time));
        var thread = cluster.Runs.Thread();
        var run = await thread.StartAsync(Request(graph, SkippedTime.Limit));
        await cluster.Gates.Of(thread.Id).ReachedAsync();

        using var skipping = time.Skip();
        var ended = await run.WaitAsync().WithinAsync($"run '{run.Id}' to run out of its time");

        Assert.Equal((RunStatus.Timeout, StopReason.RunTimeout), (ended.Status, ended.StopReason));
        Assert.Contains("03:00:00", ended.Error, StringComparison.Ordinal);
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
        var request = Request(SampleGraphs.Gated, TimeSpan.FromSeconds(1));
        await using (var first = await RunCluster.StartAsync(options => options.Store = store))
        {
            // As of a silo that died: the row alone, and nobody who knows of it.
            var thread = Guid.CreateVersion7().ToString();
            var run = new NewRun(request.RunId, thread, request.Graph, "fingerprint", RunRequests.ToRow(request));
            await first.Catalog.AdmitAsync(run, CancellationToken.None);
            await first.Catalog.BeginAsync(request.RunId, 1, "a silo that died", CancellationToken.None);
        }

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var ended = await cluster.Runs.Run(request.RunId).WaitAsync().WithinAsync($"run '{request.RunId}' to run out of its time");

        Assert.Equal((RunStatus.Timeout, 2), (ended.Status, ended.Attempt));
        Assert.InRange(ended.UpdatedAt - ended.StartedAt!.Value, request.Timeout!.Value, TestTimeout.Hang);
    }

    private static StartRunRequest Request(string graph, TimeSpan timeout) =>
        new() { RunId = Guid.CreateVersion7().ToString(), Graph = graph, Input = "{}", Timeout = timeout };
}
