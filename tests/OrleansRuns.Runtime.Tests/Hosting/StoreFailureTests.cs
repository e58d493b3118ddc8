using Microsoft.Extensions.DependencyInjection;
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
    public async Task EventsAsync_DatabaseIsAwayWhileTheyAreReadFromTheLog_GoesOn()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        await cluster.DeactivateAsync(blocked.Run.Id);
        var failures = 0;
        cluster.Store.LogHooks.Before = call =>
            call.StartsWith("Read", StringComparison.Ordinal) && Interlocked.Increment(ref failures) <= 2
            ? throw new LogUnavailableException("The server does not answer.")
            : Task.CompletedTask;

        var events = await blocked.Run.ReadAllAsync();

        Assert.Equal(RunEventKinds.End, events[^1].Kind);
        Assert.Equal(events.Count, events.Select(told => told.Number).Distinct().Count());
        Assert.True(failures > 2, $"The log was read {failures} times.");
    }

    [Fact]
    public async Task SearchRunsAsync_DatabaseIsAway_IsMadeAgain()
    {
        var lists = new FailingLists();
        await using var cluster = await RunCluster.StartAsync(options =>
            options.ConfigureSilo = silo => silo.Services.AddSingleton<IRunLists>(lists));

        var page = await cluster.Runs.GetRunPageAsync(new RunSearch()).WithinAsync("the search to be answered");

        Assert.Empty(page.Runs);
        Assert.Equal(2, lists.Calls);
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

    /// <summary>Lists that fail once, as they do on a database that restarts.</summary>
    private sealed class FailingLists : IRunLists
    {
        internal int Calls { get; private set; }

        public Task<RunPage> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken) =>
            ++Calls == 1 ? throw new IOException("The connection was reset.") : Task.FromResult(new RunPage([], Next: null));

        public Task<ThreadPage> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
