using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>pending, running → interrupted, and final → anything else.</summary>
public abstract class StopContract(TransitionCluster shared) : TransitionContract(shared)
{
    private readonly TransitionCluster _shared = shared.Reset();

    private RunCluster Cluster => _shared.Cluster;

    [Theory]
    [InlineData(CancelAction.Interrupt, Trial.InOrder)]
    [InlineData(CancelAction.Interrupt, Trial.WriteFails)]
    [InlineData(CancelAction.Interrupt, Trial.AnswerLost)]
    [InlineData(CancelAction.Rollback, Trial.InOrder)]
    [InlineData(CancelAction.Rollback, Trial.WriteFails)]
    [InlineData(CancelAction.Rollback, Trial.AnswerLost)]
    [Proves(ContractLine.Stopped, Trial.InOrder, Trial.WriteFails, Trial.AnswerLost)]
    [Proves(ContractLine.CancelRollsBack, Trial.WriteFails, Trial.AnswerLost)]
    public async Task Stop_OfARunningRun_IsWrittenOnce(CancelAction action, Trial trial)
    {
        var active = await Cluster.StartGatedRunAsync();
        _shared.Inject(nameof(IRunCatalog.EndAsync), trial);

        var ended = await active.Run.CancelAndWaitAsync(action).WithinAsync("the run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal(action == CancelAction.Rollback, ended.RolledBack);
        Assert.False(ended.Resumable);
        Assert.Null((await Cluster.Catalog.FindThreadAsync(active.Thread.Id, CancellationToken.None))!.Holder);
    }

    [Theory]
    [InlineData(Trial.InOrder)]
    [InlineData(Trial.WriteFails)]
    [InlineData(Trial.AnswerLost)]
    [Proves(ContractLine.Stopped, Trial.InOrder, Trial.WriteFails, Trial.AnswerLost)]
    public async Task Stop_OfAQueuedRun_LeavesTheOthersOfItsQueue(Trial trial)
    {
        var active = await Cluster.StartGatedRunAsync();
        var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        var last = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        _shared.Inject(nameof(IRunCatalog.EndAsync), trial);

        var ended = await queued.CancelAndWaitAsync().WithinAsync("the queued run to end");
        active.Gate.Open();

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 0), (ended.Status, ended.StopReason, ended.Attempt));
        Assert.Equal(RunStatus.Success, (await last.WaitAsync().WithinAsync("the last run to end")).Status);
        Assert.Equal(RunStatus.Success, (await active.Run.GetAsync()).Status);
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Stopped, Trial.WriteIsSlow)]
    [Proves(ContractLine.CancelIntent, Trial.WriteIsSlow)]
    public async Task Stop_RunEndsBeforeTheIntentIsDurable_ChangesNothing(CancelAction action)
    {
        var active = await Cluster.StartGatedRunAsync();
        var intent = _shared.HoldBefore(nameof(IRunCatalog.RequestCancelAsync));
        var cancelling = active.Run.CancelAsync(action);
        await intent.ReachedAsync();

        // The run was not told: it passes its gate, and nothing is durable that would stop it.
        active.Gate.Open();
        var ended = await active.Run.WaitAsync().WithinAsync("the run to end");
        var before = await Cluster.DumpAsync(active.Thread.Id);
        intent.Release();
        var answer = await cancelling.WithinAsync("the cancel to be answered");

        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Equal(ended, answer);
        Assert.Equal(before, await Cluster.DumpAsync(active.Thread.Id));
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Stopped, Trial.WriteIsSlow)]
    public async Task Stop_CancelComesWhileTheActivationsEndIsWritten_IsNotResumed(CancelAction action)
    {
        var active = await Cluster.StartGatedRunAsync();
        var end = _shared.HoldEndOf(active.Run.Id);
        var deactivating = Cluster.DeactivateAsync(active.Run.Id);
        await end.ReachedAsync();

        await Cluster.Catalog.RequestCancelAsync(active.Run.Id, action, CancellationToken.None);
        end.Release();
        await deactivating;
        var ended = await active.Run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal((false, action == CancelAction.Rollback), (ended.Resumable, ended.RolledBack));
        Assert.Equal(1, active.Gate.Arrivals);
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Stopped, Trial.WriteIsSlow)]
    public async Task Stop_CancelComesWhileTheDrainEndsTheRunForGood_TheCancelWins(CancelAction action)
    {
        var thread = Cluster.Runs.Thread();
        var request = new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = SampleGraphs.Gated, Input = "{}" };
        var run = await thread.StartAsync(request with { RecoveryPolicy = RecoveryPolicy.Stop });
        await Cluster.Gates.Of(thread.Id).ReachedAsync();
        var end = _shared.HoldEndOf(run.Id);
        var cordon = Cluster.Services.GetRequiredService<SiloCordon>();
        await cordon.CordonAsync();
        var draining = Cluster.Services.GetRequiredService<SiloDrain>().DrainNowAsync(run.Id);
        await end.ReachedAsync();

        await Cluster.Catalog.RequestCancelAsync(run.Id, action, CancellationToken.None);
        end.Release();
        await draining.WithinAsync("the drain");
        await cordon.UncordonAsync();
        var row = await _shared.RowAsync(run.Id);

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, true), (row.Status, row.StopReason, row.IsFinal));
        Assert.Equal(action == CancelAction.Rollback, row.RolledBack);
    }

    [Theory]
    [InlineData(RunStatus.Success, false)]
    [InlineData(RunStatus.Error, false)]
    [InlineData(RunStatus.Timeout, false)]
    [InlineData(RunStatus.Interrupted, false)]
    [InlineData(RunStatus.Interrupted, true)]
    [Proves(ContractLine.Final)]
    public async Task Final_EveryChange_IsRefused(RunStatus status, bool rolledBack)
    {
        var thread = Cluster.Runs.Thread();
        var request = new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = status == RunStatus.Error ? SampleGraphs.Failing : SampleGraphs.Gated,
            Input = "{}",
            Timeout = status == RunStatus.Timeout ? SkippedTime.Limit : null,
        };
        var run = await thread.StartAsync(request);
        await EndAsync(thread, run, status, rolledBack);
        var row = await _shared.RowAsync(run.Id);
        var before = await Cluster.DumpAsync(thread.Id);
        Assert.Equal((status, rolledBack, true), (row.Status, row.RolledBack, row.IsFinal));

        foreach (var action in Enum.GetValues<CancelAction>())
        {
            Assert.Equal(status, (await run.CancelAsync(action)).Status);
        }

        Assert.Equal(run.Id, (await thread.StartAsync(request)).Id);
        Assert.Equal(row, await Cluster.Catalog.BeginAsync(run.Id, row.Attempt + 1, "another silo", CancellationToken.None));
        foreach (var other in Enum.GetValues<RunStatus>())
        {
            var end = new RunEnd { RunId = run.Id, Attempt = row.Attempt, Status = other, Resumable = other == RunStatus.Interrupted };
            Assert.Equal(row, await Cluster.Catalog.EndAsync(end, CancellationToken.None));
        }

        Assert.Equal(row, await _shared.RowAsync(run.Id));
        Assert.Equal(before, await Cluster.DumpAsync(thread.Id));
    }

    private async Task EndAsync(RunThread thread, RunHandle run, RunStatus status, bool rolledBack)
    {
        if (status == RunStatus.Interrupted)
        {
            await Cluster.Gates.Of(thread.Id).ReachedAsync();
            await run.CancelAsync(rolledBack ? CancelAction.Rollback : CancelAction.Interrupt);
        }
        else if (status == RunStatus.Success)
        {
            Cluster.Gates.Of(thread.Id).Open();
        }
        else if (status == RunStatus.Timeout)
        {
            await _shared.RunOutOfTimeAsync(thread.Id);
        }

        await run.WaitAsync().WithinAsync($"run '{run.Id}' to end");
    }
}
