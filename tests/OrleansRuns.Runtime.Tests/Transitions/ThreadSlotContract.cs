using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Edits and copies on the slot that runs take, and a queue that nobody told.</summary>
public abstract class ThreadSlotContract(TransitionCluster shared) : TransitionContract(shared)
{
    private readonly TransitionCluster _shared = shared.Reset();

    private RunCluster Cluster => _shared.Cluster;

    [Fact]
    [Proves(ContractLine.EditHoldsSlot)]
    public async Task Edit_RunHoldsTheSlot_IsRefusedAndChangesNothing()
    {
        var active = await Cluster.StartGatedRunAsync();
        var before = await Cluster.DumpAsync(active.Thread.Id);

        await AssertNoEditAsync(active.Thread, active.Run.Id);

        Assert.Equal(before, await Cluster.DumpAsync(active.Thread.Id));
        active.Gate.Open();
        await active.Run.WaitAsync().WithinAsync($"run '{active.Run.Id}' to end");
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.EditHoldsSlot, Trial.WriteIsSlow)]
    public async Task Edit_RunWritesItsEnd_IsRefusedUntilItIsDurable(CancelAction action)
    {
        var active = await Cluster.StartGatedRunAsync();
        var end = _shared.HoldEndOf(active.Run.Id);
        var cancelling = active.Run.CancelAndWaitAsync(action);
        await end.ReachedAsync();

        await AssertNoEditAsync(active.Thread, active.Run.Id);
        end.Release();
        await cancelling.WithinAsync("the run to end");

        if (action == CancelAction.Interrupt)
        {
            var edited = await active.Thread.UpdateStateAsync(new() { Values = """{"count":7}""" });
            Assert.Contains("\"count\":7", edited.Values, StringComparison.Ordinal);
        }

        Assert.Null((await Cluster.Catalog.FindThreadAsync(active.Thread.Id, CancellationToken.None))!.Holder);
    }

    [Fact]
    [Proves(ContractLine.EditHoldsSlot, Trial.WriteIsSlow)]
    public async Task Edit_UnderWay_RunsAreRefusedOrWaitForIt()
    {
        var thread = Cluster.Runs.Thread();
        Cluster.Gates.Of(thread.Id).Open();
        await (await thread.StartAsync(SampleGraphs.Gated, new { })).WaitAsync().WithinAsync("the first run to end");
        var slot = await Cluster.Catalog.TakeSlotAsync(thread.Id, SampleGraphs.Gated, "edit-elsewhere", CancellationToken.None);

        var busy = await Assert.ThrowsAsync<ThreadBusyException>(() => thread.StartAsync(SampleGraphs.Gated, new { }));
        await AssertNoEditAsync(thread, "edit-elsewhere");
        var queued = await thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        Assert.Equal((RunStatus.Pending, "edit-elsewhere"), ((await queued.GetAsync()).Status, busy.RunId));
        Assert.Equal(ThreadStatus.Busy, (await thread.GetStateAsync()).Status);
        await Cluster.Catalog.ReleaseSlotAsync(thread.Id, "edit-elsewhere", slot.Epoch, rest: null, CancellationToken.None);

        Assert.Equal(RunStatus.Success, (await queued.WaitAsync().WithinAsync("the queued run to end")).Status);
    }

    [Fact]
    [Proves(ContractLine.EditHoldsSlot, Trial.WriteIsSlow)]
    public async Task Edit_ItsAppendIsHeldOpen_TheRunBeginsFromTheEditedState()
    {
        var thread = Cluster.Runs.Thread();
        Cluster.Gates.Of(thread.Id).Open();
        await (await thread.StartAsync(SampleGraphs.Gated, new { })).WaitAsync().WithinAsync("the first run to end");
        var append = new HeldCall("append");
        _shared.Log.Before = _ => append.PassAsync("append");
        var editing = thread.UpdateStateAsync(new() { Values = """{"count":7}""" });
        await append.ReachedAsync();

        var starting = thread.StartAsync(SampleGraphs.Gated, new { });
        var row = await Cluster.Catalog.FindThreadAsync(thread.Id, CancellationToken.None);
        append.Release();
        await editing.WithinAsync("the edit");
        var run = await starting.WithinAsync("the start to be answered");
        var state = await run.ResultAsync<SampleResult>().WithinAsync("the run to end");

        Assert.StartsWith("edit-", row!.Holder, StringComparison.Ordinal);
        Assert.Equal((7, 6), (state.Count, state.Done.Count));
    }

    [Fact]
    [Proves(ContractLine.QueueHead)]
    public async Task Queue_PredecessorEndedAndNobodyWasTold_TheHeadBeginsUnasked()
    {
        var threadId = Guid.CreateVersion7().ToString();
        Cluster.Gates.Of(threadId).Open();
        // Should the silo find the first run by itself, it does not come further than this.
        var begin = _shared.HoldBefore(nameof(IRunCatalog.BeginAsync));
        var first = await AdmitAsync(threadId);
        var second = await AdmitAsync(threadId);
        Assert.False(second.HoldsSlot);

        var ended = await Cluster.Catalog.EndAsync(
            new RunEnd { RunId = first.RunId, Attempt = 0, Status = RunStatus.Interrupted, StopReason = StopReason.Cancelled },
            CancellationToken.None);
        begin.Release();

        Assert.Equal(second.RunId, ended.Holder);
        await Eventually.TrueAsync(
            async () => (await _shared.RowAsync(second.RunId)).Status == RunStatus.Success, $"run '{second.RunId}' to begin and end");
    }

    private async Task<RunRow> AdmitAsync(string threadId)
    {
        var runId = Guid.CreateVersion7().ToString();
        var request = new StartRunRequest { RunId = runId, Graph = SampleGraphs.Gated, Input = "{}" };
        var run = new NewRun(runId, threadId, SampleGraphs.Gated, "fingerprint", RunRequests.ToRow(request))
        {
            Strategy = MultitaskStrategy.Enqueue,
        };
        return (await Cluster.Catalog.AdmitAsync(run, CancellationToken.None)).Run!;
    }

    private static async Task AssertNoEditAsync(RunThread thread, string holder)
    {
        var checkpoint = (await thread.GetStateAsync()).CheckpointId;
        Assert.Equal(
            holder, (await Assert.ThrowsAsync<ThreadBusyException>(() => thread.UpdateStateAsync(new() { Values = "{}" }))).RunId);
        if (checkpoint is not null)
        {
            Assert.Equal(holder, (await Assert.ThrowsAsync<ThreadBusyException>(() => thread.ForkAsync(checkpoint))).RunId);
        }
    }
}
