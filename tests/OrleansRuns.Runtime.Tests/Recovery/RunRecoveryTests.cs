using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunRecoveryTests
{
    [Fact]
    public async Task Start_PendingRunOfADeadSilo_IsExecutedUnasked()
    {
        using var store = new RunStore();
        var run = await AdmitAsync(store);

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        cluster.Gates.Of(run.ThreadId).Open();
        var ended = await cluster.Runs.Run(run.RunId).WaitAsync().WithinAsync("the recovered run to end");

        Assert.Equal((RunStatus.Success, 1), (ended.Status, ended.Attempt));
    }

    [Fact]
    public async Task Start_RunningRunOfADeadSilo_GoesOnInTheNextAttempt()
    {
        using var store = new RunStore();
        var run = await AdmitAsync(
            store, admitted: (catalog, runId) => catalog.BeginAsync(runId, 1, "a silo that died", CancellationToken.None));

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        cluster.Gates.Of(run.ThreadId).Open();
        var ended = await cluster.Runs.Run(run.RunId).WaitAsync().WithinAsync("the recovered run to end");

        Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
    }

    [Fact]
    public async Task Start_CancelledRunOfADeadSilo_EndsWithoutRunningANode()
    {
        using var store = new RunStore();
        var run = await AdmitAsync(
            store, admitted: (catalog, runId) => catalog.RequestCancelAsync(runId, CancelAction.Interrupt, CancellationToken.None));

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var ended = await cluster.Runs.Run(run.RunId).WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal(0, cluster.Gates.Of(run.ThreadId).Arrivals);
    }

    [Fact]
    public async Task Start_MoreRunsThanAPage_AreAllExecutedAndOneThatCannotBeHoldsUpNone()
    {
        const int Runs = 25;
        using var store = new RunStore();
        RunRow stranger;
        RunRow[] runs;
        await using (var first = await RunCluster.StartAsync(options => options.Store = store))
        {
            stranger = await AdmitAsync(first.Catalog, "a graph of another release");
            runs = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => AdmitAsync(first.Catalog, SampleGraphs.Gated)));
        }

        await using var cluster = await RunCluster.StartAsync(options =>
        {
            options.Store = store;
            options.Configure = runs => runs.Configure<RunRecoveryOptions>(o => (o.PageSize, o.Concurrency) = (4, 2));
        });
        foreach (var run in runs)
        {
            await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        }

        Assert.Equal(RunStatus.Pending, (await cluster.Runs.Run(stranger.RunId).GetAsync()).Status);
    }

    [Fact]
    public async Task Start_SiloStoppedWhileARunWasActive_TheNextOneGoesOnWithIt()
    {
        using var store = new RunStore();
        GatedRun blocked;
        await using (var first = await RunCluster.StartAsync(options => options.Store = store))
        {
            blocked = await first.StartGatedRunAsync();
            await first.StopAsync();
        }

        await using var second = await RunCluster.StartAsync(options => options.Store = store);
        await second.Gates.Of(blocked.Thread.Id).ReachedAsync();
        second.Gates.Of(blocked.Thread.Id).Open();
        var state = await second.Runs.Run(blocked.Run.Id).ResultAsync<SampleResult>().WithinAsync("the run to end");

        Assert.Equal(["first", "gated", "last"], state.Done);
    }

    [Theory]
    [InlineData(nameof(IRunCatalog.BeginAsync), 2)]
    [InlineData(nameof(IRunCatalog.EndAsync), 3)]
    public async Task Run_ItsActivationFailsOnALiveSilo_IsLookedAfterAgainUnasked(string failing, int attempts)
    {
        var failures = 0;
        using var store = new RunStore();
        store.Hooks.Before = call => call == failing && Interlocked.Increment(ref failures) < attempts
            ? Task.FromException(new InvalidOperationException("A mistake that nobody expects."))
            : Task.CompletedTask;
        await using var cluster = await RunCluster.StartAsync(options =>
        {
            options.Store = store;
            options.Configure = runs => runs.Configure<RunRecoveryOptions>(o => o.Period = TimeSpan.FromDays(1));
        });
        cluster.Gates.OpenAll();

        var run = await AdmitAsync(cluster.Catalog, SampleGraphs.Gated);
        await cluster.Grains.GetGrain<IRunGrain>(run.RunId).GetAsync();
        await Eventually.TrueAsync(
            async () => (await cluster.Catalog.FindRunAsync(run.RunId, CancellationToken.None))!.IsFinal, $"run '{run.RunId}' to end");

        var row = (await cluster.Catalog.FindRunAsync(run.RunId, CancellationToken.None))!;
        Assert.Equal(RunStatus.Success, row.Status);
        Assert.True(failures >= attempts - 1, $"{failures} failures");
    }

    /// <summary>Leaves a run behind as a process does that died: the row alone, and nobody who knows of it.</summary>
    private static async Task<RunRow> AdmitAsync(RunStore store, Func<IRunCatalog, string, Task>? admitted = null)
    {
        await using var first = await RunCluster.StartAsync(options => options.Store = store);
        var run = await AdmitAsync(first.Catalog, SampleGraphs.Gated);
        await (admitted?.Invoke(first.Catalog, run.RunId) ?? Task.CompletedTask);
        return run;
    }

    private static async Task<RunRow> AdmitAsync(IRunCatalog catalog, string graph)
    {
        var runId = Guid.CreateVersion7().ToString();
        var request = new StartRunRequest { RunId = runId, Graph = graph, Input = "{}" };
        var run = new NewRun(runId, Guid.CreateVersion7().ToString(), graph, "fingerprint", RunRequests.ToRow(request));
        return (await catalog.AdmitAsync(run, CancellationToken.None)).Run!;
    }
}
