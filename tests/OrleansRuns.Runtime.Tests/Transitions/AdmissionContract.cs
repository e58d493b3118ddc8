using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>– → pending, and the strategies of a second run.</summary>
public abstract class AdmissionContract(TransitionCluster shared) : TransitionContract(shared)
{
    private readonly TransitionCluster _shared = shared.Reset();

    private RunCluster Cluster => _shared.Cluster;

    public static TheoryData<MultitaskStrategy> Seconds =>
        [MultitaskStrategy.Enqueue, MultitaskStrategy.Interrupt, MultitaskStrategy.Rollback];

    [Fact]
    [Proves(ContractLine.Admitted, Trial.WriteFails)]
    public async Task Admission_OfAThreadsFirstRunFails_LeavesNothing()
    {
        var thread = Cluster.Runs.Thread();
        var request = Request(MultitaskStrategy.Reject);
        _shared.Inject(nameof(IRunCatalog.AdmitAsync), Trial.WriteFails, new InvalidOperationException("The database refused."));

        await Assert.ThrowsAnyAsync<Exception>(() => thread.StartAsync(request));

        await Assert.ThrowsAsync<RunNotFoundException>(() => Cluster.Runs.Run(request.RunId).GetAsync());
        await Assert.ThrowsAsync<ThreadNotFoundException>(() => thread.GetStateAsync());
    }

    [Theory]
    [MemberData(nameof(Seconds))]
    [Proves(ContractLine.Admitted, Trial.WriteFails)]
    [Proves(ContractLine.Enqueue, Trial.WriteFails)]
    [Proves(ContractLine.Interrupt, Trial.WriteFails)]
    [Proves(ContractLine.Rollback, Trial.WriteFails)]
    public async Task Admission_Fails_LeavesNothingOfTheRunAndTheActiveOneUntouched(MultitaskStrategy strategy)
    {
        var active = await Cluster.StartGatedRunAsync();
        var before = await Cluster.DumpAsync(active.Thread.Id);
        var request = Request(strategy);
        _shared.Inject(nameof(IRunCatalog.AdmitAsync), Trial.WriteFails, new InvalidOperationException("The database refused."));

        await Assert.ThrowsAnyAsync<Exception>(() => active.Thread.StartAsync(request));

        Assert.Equal(before, await Cluster.DumpAsync(active.Thread.Id));
        await Assert.ThrowsAsync<RunNotFoundException>(() => Cluster.Runs.Run(request.RunId).GetAsync());
        active.Gate.Open();
        Assert.Equal(RunStatus.Success, (await active.Run.WaitAsync().WithinAsync("the active run to end")).Status);
    }

    [Theory]
    [MemberData(nameof(Seconds))]
    [Proves(ContractLine.Admitted, Trial.AnswerLost)]
    [Proves(ContractLine.Enqueue, Trial.AnswerLost)]
    [Proves(ContractLine.Interrupt, Trial.AnswerLost)]
    [Proves(ContractLine.Rollback, Trial.AnswerLost)]
    public async Task Admission_AnswerIsLost_AdmitsOnceAndDoesToTheActiveRunWhatTheStrategySays(MultitaskStrategy strategy)
    {
        var active = await Cluster.StartGatedRunAsync();
        var calls = _shared.Inject(nameof(IRunCatalog.AdmitAsync), Trial.AnswerLost);
        var request = Request(strategy);

        var next = await active.Thread.StartAsync(request);
        if (strategy == MultitaskStrategy.Enqueue)
        {
            active.Gate.Open();
        }

        // Nobody opens the gate of a run that has to be stopped: it ends because it was told.
        var stopped = await active.Run.WaitAsync().WithinAsync("the active run to end");
        active.Gate.Open();
        var ended = await next.WaitAsync().WithinAsync("the next run to end");

        Assert.Equal(request.RunId, next.Id);
        Assert.Equal(2, calls());
        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Equal(
            strategy == MultitaskStrategy.Enqueue ? (RunStatus.Success, null) : (RunStatus.Interrupted, StopReason.Superseded),
            (stopped.Status, stopped.StopReason));
        Assert.Equal(strategy == MultitaskStrategy.Rollback ? 1 : 2, (await active.Thread.GetRunsAsync()).Count);
    }

    [Theory]
    [MemberData(nameof(Seconds))]
    [Proves(ContractLine.Admitted, Trial.InOrder, Trial.WriteIsSlow)]
    public async Task Admission_UnderWay_ShowsNothingOfTheRunAndTouchesNobody(MultitaskStrategy strategy)
    {
        var active = await Cluster.StartGatedRunAsync();
        var before = await Cluster.DumpAsync(active.Thread.Id);
        var request = Request(strategy);
        var admission = _shared.HoldBefore(nameof(IRunCatalog.AdmitAsync));
        var starting = active.Thread.StartAsync(request);
        await admission.ReachedAsync();

        await Assert.ThrowsAsync<RunNotFoundException>(() => Cluster.Runs.Run(request.RunId).GetAsync());
        Assert.Equal([active.Run.Id], (await active.Thread.GetRunsAsync()).Select(run => run.RunId));
        Assert.Equal(before, await Cluster.DumpAsync(active.Thread.Id));
        Assert.False(starting.IsCompleted);

        admission.Release();
        active.Gate.Open();
        var next = await starting.WithinAsync("the start to be answered");
        Assert.Equal(RunStatus.Success, (await next.WaitAsync().WithinAsync("the next run to end")).Status);
    }

    [Theory]
    [MemberData(nameof(Seconds))]
    [Proves(ContractLine.Enqueue, Trial.WriteIsSlow)]
    [Proves(ContractLine.Interrupt, Trial.WriteIsSlow)]
    [Proves(ContractLine.Rollback, Trial.WriteIsSlow)]
    public async Task Admission_ActiveRunEndsWhileItIsUnderWay_LeavesItsEndAndBegins(MultitaskStrategy strategy)
    {
        var active = await Cluster.StartGatedRunAsync();
        var admission = _shared.HoldBefore(nameof(IRunCatalog.AdmitAsync));
        var starting = active.Thread.StartAsync(Request(strategy));
        await admission.ReachedAsync();

        active.Gate.Open();
        var ended = await active.Run.WaitAsync().WithinAsync("the active run to end");
        admission.Release();
        var next = await starting.WithinAsync("the start to be answered");
        await next.WaitAsync().WithinAsync("the next run to end");

        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Equal(ended, await active.Run.GetAsync());
        Assert.Equal(["first", "gated", "last", "first", "gated", "last"], (await next.ResultAsync<SampleResult>()).Done);
    }

    [Theory]
    [InlineData(MultitaskStrategy.Interrupt, SampleGraphs.Gated)]
    [InlineData(MultitaskStrategy.Rollback, SampleGraphs.Gated)]
    [InlineData(MultitaskStrategy.Interrupt, SampleGraphs.Failing)]
    [InlineData(MultitaskStrategy.Rollback, SampleGraphs.Failing)]
    [Proves(ContractLine.Interrupt, Trial.WriteIsSlow)]
    [Proves(ContractLine.Rollback, Trial.WriteIsSlow)]
    public async Task Admission_WhileTheActiveRunWritesItsEnd_StopsItAndBeginsAfterIt(MultitaskStrategy strategy, string graph)
    {
        var thread = Cluster.Runs.Thread();
        Cluster.Gates.Of(thread.Id).Open();
        var end = _shared.HoldBefore(nameof(IRunCatalog.EndAsync));
        var active = await thread.StartAsync(Request(MultitaskStrategy.Reject, graph));
        await end.ReachedAsync();

        var next = await thread.StartAsync(Request(strategy, graph));
        Assert.Equal(RunStatus.Pending, (await next.GetAsync()).Status);
        end.Release();
        var stopped = await active.WaitAsync().WithinAsync("the active run to end");
        await next.WaitAsync().WithinAsync("the next run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Superseded), (stopped.Status, stopped.StopReason));
        Assert.Equal(strategy == MultitaskStrategy.Rollback, stopped.RolledBack);
        var history = await thread.GetHistoryAsync(limit: 100);
        Assert.Equal(strategy == MultitaskStrategy.Rollback, history.All(state => state.RunId == next.Id));
    }

    [Fact]
    [Proves(ContractLine.IdempotencyKey, Trial.AnswerLost)]
    public async Task Admission_AnswerIsLostAndTheKeyIsUsedAgain_GivesTheFirstRun()
    {
        var thread = Cluster.Runs.Thread();
        Cluster.Gates.Of(thread.Id).Open();
        var request = Request(MultitaskStrategy.Reject) with { IdempotencyKey = $"order {Guid.NewGuid()}" };
        _shared.Inject(nameof(IRunCatalog.AdmitAsync), Trial.AnswerLost, new InvalidOperationException("The process died."));

        await Assert.ThrowsAnyAsync<Exception>(() => thread.StartAsync(request));
        var again = await thread.StartAsync(request with { RunId = Guid.CreateVersion7().ToString() });

        Assert.Equal(request.RunId, again.Id);
        Assert.Equal(RunStatus.Success, (await again.WaitAsync().WithinAsync("the run to end")).Status);
        Assert.Single(await thread.GetRunsAsync());
    }

    private static StartRunRequest Request(MultitaskStrategy strategy, string graph = SampleGraphs.Gated) => new()
    {
        RunId = Guid.CreateVersion7().ToString(),
        Graph = graph,
        Input = "{}",
        Strategy = strategy,
    };
}
