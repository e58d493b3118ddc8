using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>pending → running.</summary>
public abstract class BeginContract(TransitionCluster shared) : TransitionContract(shared)
{
    private readonly TransitionCluster _shared = shared.Reset();

    private RunCluster Cluster => _shared.Cluster;

    [Theory]
    [InlineData(Trial.InOrder, 1)]
    [InlineData(Trial.WriteFails, 2)]
    [InlineData(Trial.AnswerLost, 2)]
    [Proves(ContractLine.Begun, Trial.InOrder, Trial.WriteFails, Trial.AnswerLost)]
    public async Task Begin_Claim_IsMadeOnceAndTheNodesRunOnce(Trial trial, int calls)
    {
        var count = _shared.Inject(nameof(IRunCatalog.BeginAsync), trial);

        var active = await Cluster.StartGatedRunAsync();
        var running = await active.Run.GetAsync();
        active.Gate.Open();
        var ended = await active.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal((RunStatus.Running, 1), (running.Status, running.Attempt));
        Assert.Equal((RunStatus.Success, 1), (ended.Status, ended.Attempt));
        Assert.Equal((calls, 1), (count(), active.Gate.Arrivals));
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Begun, Trial.WriteIsSlow)]
    public async Task Begin_CancelComesBeforeTheClaim_RunsNoNode(CancelAction action)
    {
        var begin = _shared.HoldBefore(nameof(IRunCatalog.BeginAsync));
        var thread = Cluster.Runs.Thread();
        var run = await thread.StartAsync(SampleGraphs.Gated, new { });
        await begin.ReachedAsync();

        await run.CancelAsync(action);
        begin.Release();
        var ended = await run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 0), (ended.Status, ended.StopReason, ended.Attempt));
        Assert.Equal(action == CancelAction.Rollback, ended.RolledBack);
        Assert.Equal(0, Cluster.Gates.Of(thread.Id).Arrivals);
        Assert.Empty(await thread.GetHistoryAsync());
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Begun, Trial.WriteIsSlow)]
    public async Task Begin_CancelComesBeforeTheAnswerOfTheClaim_RunsNoNode(CancelAction action)
    {
        var begin = _shared.HoldAfter(nameof(IRunCatalog.BeginAsync));
        var thread = Cluster.Runs.Thread();
        var run = await thread.StartAsync(SampleGraphs.Gated, new { });
        await begin.ReachedAsync();

        await run.CancelAsync(action);
        begin.Release();
        var ended = await run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 1), (ended.Status, ended.StopReason, ended.Attempt));
        Assert.Null(ended.Error);
        Assert.Equal(action == CancelAction.Rollback, ended.RolledBack);
        Assert.Equal(0, Cluster.Gates.Of(thread.Id).Arrivals);
    }

    [Fact]
    [Proves(ContractLine.Begun, Trial.WriteIsSlow)]
    public async Task Begin_AnotherOwnerClaimsFirst_RunsNoNodeOfTheFirst()
    {
        var begin = _shared.HoldBefore(nameof(IRunCatalog.BeginAsync));
        var thread = Cluster.Runs.Thread();
        var run = await thread.StartAsync(SampleGraphs.Gated, new { });
        await begin.ReachedAsync();

        var dead = Cluster.Services.GetRequiredService<SiloLease>().Owner with { Silo = SiloAddress.New(IPAddress.Loopback, 1, 1) };
        await Cluster.Catalog.BeginAsync(run.Id, 1, dead.ToString(), CancellationToken.None);
        begin.Release();
        await Cluster.Gates.Of(thread.Id).ReachedAsync();

        Assert.Equal(2, (await run.GetAsync()).Attempt);
        Cluster.Gates.Of(thread.Id).Open();
        Assert.Equal(RunStatus.Success, (await run.WaitAsync().WithinAsync("the run to end")).Status);
        Assert.Equal(1, Cluster.Gates.Of(thread.Id).Arrivals);
    }
}
