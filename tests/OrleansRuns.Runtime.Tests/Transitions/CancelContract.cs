using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a caller may rely on when it cancels.</summary>
public abstract class CancelContract(TransitionCluster shared) : TransitionContract(shared)
{
    private readonly TransitionCluster _shared = shared.Reset();

    private RunCluster Cluster => _shared.Cluster;

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.CancelIntent, Trial.WriteFails)]
    public async Task Cancel_IntentIsNotDurable_FailsAndTheRunGoesOn(CancelAction action)
    {
        var active = await Cluster.StartGatedRunAsync();
        var before = await Cluster.DumpAsync(active.Thread.Id);
        _shared.Inject(
            nameof(IRunCatalog.RequestCancelAsync), Trial.WriteFails, new InvalidOperationException("The database refused."));

        await Assert.ThrowsAnyAsync<Exception>(() => active.Run.CancelAsync(action));

        Assert.Equal(before, await Cluster.DumpAsync(active.Thread.Id));
        active.Gate.Open();
        Assert.Equal(RunStatus.Success, (await active.Run.WaitAsync().WithinAsync("the run to end")).Status);
    }

    [Theory]
    [InlineData(Trial.WriteFails)]
    [InlineData(Trial.AnswerLost)]
    [Proves(ContractLine.CancelIntent, Trial.WriteFails, Trial.AnswerLost)]
    public async Task Cancel_DatabaseDoesNotAnswer_IsRepeatedAndStopsTheRun(Trial trial)
    {
        var active = await Cluster.StartGatedRunAsync();
        var calls = _shared.Inject(nameof(IRunCatalog.RequestCancelAsync), trial);
        // One that came by would deliver the intent as well.
        _shared.FailSearches();

        var ended = await active.Run.CancelAndWaitAsync().WithinAsync("the run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 2), (ended.Status, ended.StopReason, calls()));
    }

    [Fact]
    [Proves(ContractLine.CancelIntent, Trial.WriteIsSlow)]
    public async Task Cancel_RowWasReadBeforeAndArrivesAfter_EndsTheRunAtOnce()
    {
        var active = await Cluster.StartGatedRunAsync();
        var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        var read = _shared.HoldAfter(nameof(IRunCatalog.FindRunAsync));
        // One that came by would end the run as well.
        _shared.FailSearches();
        var asking = queued.GetAsync();
        await read.ReachedAsync();

        var cancelling = queued.CancelAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await using var reader = await Cluster.Store.OpenReaderAsync();
                var row = await reader.GetRequiredService<IRunCatalog>().FindRunAsync(queued.Id, CancellationToken.None);
                return row!.CancelAction is not null;
            },
            $"the cancel of run '{queued.Id}' to be durable");
        read.Release();
        await asking.WithinAsync("the question to be answered");
        await cancelling.WithinAsync("the cancel to be answered");

        await Eventually.TrueAsync(
            async () => (await _shared.RowAsync(queued.Id)).IsFinal, $"run '{queued.Id}' to end", TimeSpan.FromSeconds(20));
        active.Gate.Open();
        await active.Run.WaitAsync().WithinAsync($"run '{active.Run.Id}' to end");
    }

    [Fact]
    [Proves(ContractLine.CancelIntent)]
    public async Task Cancel_FromEverySilo_ReachesTheRunWhereverItIs()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var store = RunStore.OnPostgres(database.ConnectionString);
        await using var cluster = await RunCluster.StartAsync(options => (options.Store, options.Silos) = (store, 3));
        foreach (var services in cluster.SiloServices)
        {
            var active = await cluster.StartGatedRunAsync();
            var run = services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(active.Run.Id);

            await run.CancelAsync(CancelAction.Interrupt).WithinAsync("the cancel to be answered");

            var ended = await active.Run.WaitAsync().WithinAsync("the cancelled run to end");
            Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        }
    }

    [Theory]
    [InlineData(CancelAction.Interrupt, CancelAction.Rollback)]
    [InlineData(CancelAction.Rollback, CancelAction.Interrupt)]
    [Proves(ContractLine.CancelFirstAction)]
    public async Task Cancel_AnotherActionWhileTheFirstIsUnderWay_ChangesNothing(CancelAction first, CancelAction second)
    {
        var active = await Cluster.StartGatedRunAsync();
        var end = _shared.HoldEndOf(active.Run.Id);
        await active.Run.CancelAsync(first);
        await end.ReachedAsync();

        await active.Run.CancelAsync(second);
        await active.Run.CancelAsync(first);
        end.Release();
        var ended = await active.Run.WaitAsync().WithinAsync("the run to end");
        var again = await active.Run.CancelAsync(second);

        Assert.Equal(first == CancelAction.Rollback, ended.RolledBack);
        Assert.Equal(ended, again);
    }

    [Fact]
    [Proves(ContractLine.CancelKeeps)]
    public async Task Cancel_Interrupt_KeepsTheLastCheckpointAndTheThreadGoesOnFromIt()
    {
        var active = await Cluster.StartGatedRunAsync();
        var before = await active.Thread.GetStateAsync();

        await active.Run.CancelAndWaitAsync().WithinAsync("the run to end");

        var after = await active.Thread.GetStateAsync();
        Assert.Equal((before.CheckpointId, before.Values), (after.CheckpointId, after.Values));
        Assert.Equal(["gated"], after.Next);
        active.Gate.Open();
        var next = await active.Thread.StartAsync(
            new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = SampleGraphs.Gated });
        Assert.Equal(["first", "gated", "last"], (await next.ResultAsync<SampleResult>().WithinAsync("the next run to end")).Done);
    }

    [Theory]
    [InlineData(SampleGraphs.Deaf)]
    [InlineData(SampleGraphs.Blocking)]
    [Proves(ContractLine.CancelDeafNode)]
    public async Task Cancel_NodeReturnsAfterTheRunsEnd_ItsUpdateIsDiscarded(string graph)
    {
        var active = await Cluster.StartGatedRunAsync(graph);
        await active.Run.CancelAndWaitAsync().WithinAsync("the run to end without its node");
        var before = await Cluster.DumpAsync(active.Thread.Id);

        active.Gate.Open();
        var next = await active.Thread.StartAsync(graph, new { });
        var state = await next.ResultAsync<SampleResult>().WithinAsync("the next run to end");

        Assert.Contains("\"first\"", before, StringComparison.Ordinal);
        Assert.Equal(["first", "first", "gated", "last"], state.Done);
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.CancelWaits, Trial.WriteFails, Trial.WriteIsSlow)]
    [Proves(ContractLine.CancelRollsBack)]
    public async Task CancelAndWait_EndIsNotDurableYet_DoesNotReturn(CancelAction action)
    {
        var active = await Cluster.StartGatedRunAsync();
        var end = new HeldCall(nameof(IRunCatalog.EndAsync));
        var failures = 0;
        Cluster.Store.Hooks.Before = async call =>
        {
            await end.PassAsync(call);
            if (call == nameof(IRunCatalog.EndAsync) && ++failures <= 2)
            {
                throw new TimeoutException("The database did not answer.");
            }
        };
        var cancelling = active.Run.CancelAndWaitAsync(action);
        await end.ReachedAsync();

        Assert.False(cancelling.IsCompleted);
        Assert.Equal(RunStatus.Running, (await active.Run.GetAsync()).Status);
        end.Release();
        var ended = await cancelling.WithinAsync("the run to end");

        Assert.Equal((RunStatus.Interrupted, action == CancelAction.Rollback), (ended.Status, ended.RolledBack));
        Assert.Equal((RunStatus.Interrupted, 3), ((await _shared.RowAsync(active.Run.Id)).Status, failures));
    }
}
