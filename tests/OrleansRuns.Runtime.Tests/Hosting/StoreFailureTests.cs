using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Calls that meet a database that does not answer.</summary>
public sealed class StoreFailureTests
{
    [Fact]
    public async Task StartAsync_AnswerOfTheDatabaseIsLost_IsRetriedAndStartsOneRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        cluster.Gates.OpenAll();
        var thread = cluster.Runs.Thread();
        var failures = 0;
        cluster.Store.Hooks.After = call => call == nameof(IRunCatalog.AdmitAsync) && Interlocked.Increment(ref failures) == 1
            ? throw new IOException("The connection was reset after the commit.")
            : Task.CompletedTask;

        var run = await thread.StartAsync(SampleGraphs.Gated, new { }).WithinAsync("the start to be answered");

        Assert.Equal(RunStatus.Success, (await run.WaitAsync().WithinAsync("the run to end")).Status);
        Assert.Single(await thread.GetRunsAsync());
        Assert.Equal(1, failures);
    }

    [Fact]
    public async Task GetAsync_DatabaseIsAway_TellsTheCallerSo()
    {
        await using var cluster = await RunCluster.StartAsync();
        cluster.Store.Hooks.Before = _ => throw new LogUnavailableException("The server does not answer.");

        var exception = await Assert.ThrowsAsync<RunStoreUnavailableException>(
            () => cluster.Grains.GetGrain<IRunGrain>(Guid.CreateVersion7().ToString()).GetAsync());

        cluster.Store.Hooks.Before = _ => Task.CompletedTask;
        Assert.Contains("The server does not answer.", exception.Message, StringComparison.Ordinal);
    }
}
