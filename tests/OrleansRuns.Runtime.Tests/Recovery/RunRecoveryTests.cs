using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunRecoveryTests
{
    [Fact]
    public async Task Start_PendingRunOfADeadSilo_IsExecutedUnasked()
    {
        var store = RunStore.InMemory();
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
        var store = RunStore.InMemory();
        var run = await AdmitAsync(store);
        await store.Catalog.BeginAsync(run.RunId, 1, "a silo that died", CancellationToken.None);

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        cluster.Gates.Of(run.ThreadId).Open();
        var ended = await cluster.Runs.Run(run.RunId).WaitAsync().WithinAsync("the recovered run to end");

        Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
    }

    [Fact]
    public async Task Start_CancelledRunOfADeadSilo_EndsWithoutRunningANode()
    {
        var store = RunStore.InMemory();
        var run = await AdmitAsync(store);
        await store.Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, CancellationToken.None);

        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var ended = await cluster.Runs.Run(run.RunId).WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal(0, cluster.Gates.Of(run.ThreadId).Arrivals);
    }

    [Fact]
    public async Task Start_MoreRunsThanAPage_AreAllExecutedAndOneThatCannotBeHoldsUpNone()
    {
        const int Runs = 25;
        var store = RunStore.InMemory();
        var stranger = await AdmitAsync(store, graph: "a graph of another release");
        var runs = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => AdmitAsync(store)));

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
        var store = RunStore.InMemory();
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

    private static async Task<RunRow> AdmitAsync(RunStore store, string graph = SampleGraphs.Gated)
    {
        var runId = Guid.CreateVersion7().ToString();
        var request = new StartRunRequest { RunId = runId, Graph = graph, Input = "{}" };
        var run = new NewRun(runId, Guid.CreateVersion7().ToString(), graph, "fingerprint", RunRequests.ToRow(request));
        return (await store.Catalog.AdmitAsync(run, CancellationToken.None)).Run!;
    }
}
