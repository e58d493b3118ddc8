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

    [Fact]
    public async Task Calls_ServerCancelsThem_AreMadeAgain()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var failures = 0;
        cluster.Store.Hooks.Before = call => call == nameof(IRunCatalog.RequestCancelAsync) && Interlocked.Increment(ref failures) == 1
            ? Task.FromException(new OperationCanceledException("The activation has gone away."))
            : Task.CompletedTask;

        await active.Run.CancelAsync().WithinAsync("the cancel to be answered");
        var ended = await active.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal(RunStatus.Interrupted, ended.Status);
        Assert.Equal(2, failures);
    }

    [Fact]
    public async Task Calls_CallerCancelsThem_EndAtOnce()
    {
        await using var cluster = await RunCluster.StartAsync();
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Store.Hooks.Before = _ =>
        {
            called.TrySetResult();
            return release.Task;
        };
        using var cancelling = new CancellationTokenSource();
        var run = cluster.Runs.Run(Guid.CreateVersion7().ToString());
        Task[] calls = [run.GetAsync(cancelling.Token), run.WaitAsync(cancelling.Token), ReadAsync()];
        await called.Task.WithinAsync("a call to reach the database");

        await cancelling.CancelAsync();

        foreach (var call in calls)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WithinAsync("the call to end", TimeSpan.FromSeconds(4)));
        }

        release.SetResult();

        async Task ReadAsync()
        {
            await foreach (var _ in run.EventsAsync(cancellationToken: cancelling.Token))
            {
                Assert.Fail("There is nothing to tell.");
            }
        }
    }
}
