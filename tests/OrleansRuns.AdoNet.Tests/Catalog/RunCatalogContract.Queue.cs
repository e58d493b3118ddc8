using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every run catalog promises: runs that find others on their thread, and keys that make admission repeatable.</summary>
public abstract partial class RunCatalogContract
{
    [Fact]
    public async Task AdmitAsync_EnqueueBehindARun_WaitsWithoutTheSlot()
    {
        var first = NewRun();
        await BegunAsync(first);

        var outcome = await Catalog.AdmitAsync(NewRun() with { Strategy = MultitaskStrategy.Enqueue }, None);

        Assert.Equal((AdmitKind.Admitted, RunStatus.Pending, false), (outcome.Kind, outcome.Run!.Status, outcome.Run.HoldsSlot));
        Assert.Equal((first.RunId, 1L, "digest"), await SlotAsync());
        Assert.Empty(outcome.Superseded);
    }

    [Fact]
    public async Task BeginAsync_QueuedRun_IsRefused()
    {
        await BegunAsync(NewRun());
        var queued = await QueuedAsync();

        var row = await Catalog.BeginAsync(queued.RunId, 1, "silo-1", None);

        Assert.Equal((RunStatus.Pending, 0), (row.Status, row.Attempt));
    }

    [Fact]
    public async Task EndAsync_RunsAreQueued_GivesTheSlotToTheFirst()
    {
        var first = NewRun();
        await BegunAsync(first);
        var second = await QueuedAsync();
        var third = await QueuedAsync();

        var ended = await Catalog.EndAsync(End(first, RunStatus.Success), None);

        Assert.Equal(second.RunId, ended.Holder);
        Assert.Equal((second.RunId, 2L, "digest"), await SlotAsync());
        Assert.Equal(1, (await Catalog.BeginAsync(second.RunId, 1, "silo-1", None)).Attempt);
        Assert.Equal(0, (await Catalog.BeginAsync(third.RunId, 1, "silo-1", None)).Attempt);
    }

    [Fact]
    public async Task EndAsync_FirstOfTheQueueIsCancelled_PassesItOver()
    {
        var first = NewRun();
        await BegunAsync(first);
        var second = await QueuedAsync();
        var third = await QueuedAsync();
        await Catalog.RequestCancelAsync(second.RunId, CancelAction.Interrupt, None);

        await Catalog.EndAsync(End(first, RunStatus.Success), None);
        var cancelled = await Catalog.EndAsync(
            new RunEnd { RunId = second.RunId, Attempt = 0, Status = RunStatus.Interrupted, StopReason = StopReason.Cancelled }, None);

        Assert.Equal(RunStatus.Interrupted, cancelled.Status);
        Assert.Equal(third.RunId, (await SlotAsync()).Item1);
    }

    [Fact]
    public async Task EndAsync_Resumable_KeepsTheQueueWaiting()
    {
        var first = NewRun();
        await BegunAsync(first);
        await QueuedAsync();

        await Catalog.EndAsync(End(first, RunStatus.Interrupted, resumable: true), None);

        Assert.Equal((first.RunId, 1L, "digest"), await SlotAsync());
    }

    [Theory]
    [InlineData(MultitaskStrategy.Interrupt, CancelAction.Interrupt)]
    [InlineData(MultitaskStrategy.Rollback, CancelAction.Rollback)]
    public async Task AdmitAsync_Superseding_CancelsTheActiveAndEndsTheQueued(MultitaskStrategy strategy, CancelAction action)
    {
        var active = NewRun();
        await BegunAsync(active);
        var queued = await QueuedAsync();

        var outcome = await Catalog.AdmitAsync(NewRun() with { Strategy = strategy }, None);

        var stopped = (await Catalog.FindRunAsync(active.RunId, None))!;
        var ended = (await Catalog.FindRunAsync(queued.RunId, None))!;
        Assert.Equal([.. new[] { active.RunId, queued.RunId }.Order()], outcome.Superseded.Order());
        Assert.Equal((RunStatus.Running, action, StopReason.Superseded), (stopped.Status, stopped.CancelAction, stopped.CancelReason));
        Assert.Equal((RunStatus.Interrupted, StopReason.Superseded), (ended.Status, ended.StopReason));
        Assert.Equal(strategy == MultitaskStrategy.Rollback, ended.RolledBack);
        Assert.Equal((active.RunId, false), ((await SlotAsync()).Item1, outcome.Run!.HoldsSlot));

        await Catalog.EndAsync(End(active, RunStatus.Interrupted), None);
        Assert.Equal(outcome.Run.RunId, (await SlotAsync()).Item1);
    }

    [Fact]
    public async Task AdmitAsync_SupersedingACancelledRun_LeavesTheFirstIntent()
    {
        var active = NewRun();
        await BegunAsync(active);
        var cancelled = await Catalog.RequestCancelAsync(active.RunId, CancelAction.Interrupt, None);

        var outcome = await Catalog.AdmitAsync(NewRun() with { Strategy = MultitaskStrategy.Rollback }, None);

        Assert.Empty(outcome.Superseded);
        Assert.Equal(cancelled, await Catalog.FindRunAsync(active.RunId, None));
    }

    [Fact]
    public async Task AdmitAsync_QueueOfAnotherGraph_IsBusy()
    {
        await BegunAsync(NewRun());

        var outcome = await Catalog.AdmitAsync(NewRun() with { Graph = "order", Strategy = MultitaskStrategy.Interrupt }, None);

        Assert.Equal(AdmitKind.Busy, outcome.Kind);
        Assert.Single(await Catalog.ListRunsAsync(_thread, 10, None));
    }

    [Fact]
    public async Task AdmitAsync_EnqueueBehindAnEdit_GetsTheSlotWhenItIsReleased()
    {
        var edit = await Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);
        bench.Advance(TimeSpan.FromSeconds(1));
        var queued = await QueuedAsync();
        // Whoever waits must not make the edit look younger than it is.
        var since = edit.UpdatedAt.AddMilliseconds(1);

        var blocked = await Catalog.ListBlockedAsync(since, 1000, None);
        var waits = (await Catalog.FindThreadAsync(_thread, None))!.Waits;
        var holder = await Catalog.ReleaseSlotAsync(_thread, "edit-1", edit.Epoch, null, None);

        Assert.Contains(_thread, blocked.Select(thread => thread.ThreadId));
        Assert.Equal(queued.RunId, holder);
        Assert.Equal((queued.RunId, 2L, "digest"), await SlotAsync());
        Assert.Equal((true, false), (waits, (await Catalog.FindThreadAsync(_thread, None))!.Waits));
        Assert.DoesNotContain(_thread, (await Catalog.ListBlockedAsync(since.AddDays(1), 1000, None)).Select(thread => thread.ThreadId));
    }

    [Fact]
    public async Task AdmitAsync_SixteenQueuedWhileTheirPredecessorsEnd_AllGetTheSlotInTurn()
    {
        foreach (var round in Enumerable.Range(0, 5))
        {
            var thread = $"{_thread}-{round}";
            var first = NewRun() with { ThreadId = thread };
            await Catalog.AdmitAsync(first, None);

            var admitting = AtOnce.RunAsync(
                16, _ => Catalog.AdmitAsync(NewRun() with { ThreadId = thread, Strategy = MultitaskStrategy.Enqueue }, None));
            var ended = 0;
            while (ended < 17)
            {
                var areAllAdmitted = admitting.IsCompleted;
                if ((await Catalog.FindThreadAsync(thread, None))!.Holder is { } holder)
                {
                    await Catalog.BeginAsync(holder, 1, "silo-1", None);
                    await Catalog.EndAsync(End(first with { RunId = holder }, RunStatus.Success), None);
                    ended++;
                }
                else
                {
                    Assert.False(areAllAdmitted, $"Round {round}: {17 - ended} queued runs are stuck without a holder.");
                }
            }

            Assert.All(await admitting, outcome => Assert.Equal(AdmitKind.Admitted, outcome.Kind));
            Assert.All(await Catalog.ListRunsAsync(thread, 100, None), run => Assert.Equal(RunStatus.Success, run.Status));
            Assert.Null((await Catalog.FindThreadAsync(thread, None))!.Holder);
        }
    }

    [Fact]
    public async Task AdmitAsync_SameKeyWithAnotherRunId_FindsTheFirst()
    {
        var run = NewRun() with { IdempotencyKey = $"key-{_thread}" };
        var first = await Catalog.AdmitAsync(run, None);
        var second = run with { RunId = Guid.CreateVersion7().ToString(), ThreadId = $"{_thread}-2" };

        var repeated = await Catalog.AdmitAsync(second, None);

        Assert.Equal((AdmitKind.Exists, first.Run), (repeated.Kind, repeated.Run));
        Assert.Equal(repeated, await Catalog.FindAdmittedAsync(second, None));
        Assert.Null(await Catalog.FindRunAsync(second.RunId, None));
        Assert.Null(await Catalog.FindThreadAsync(second.ThreadId, None));
        Assert.Equal(1, (await Catalog.FindThreadAsync(_thread, None))!.Epoch);
    }

    [Fact]
    public async Task AdmitAsync_OneKeySixteenTimesAtOnce_AdmitsOneRun()
    {
        foreach (var round in Enumerable.Range(0, 10))
        {
            var key = $"key-{_thread}-{round}";

            var outcomes = await AtOnce.RunAsync(
                16, index => Catalog.AdmitAsync(NewRun() with { ThreadId = $"{_thread}-{round}-{index}", IdempotencyKey = key }, None));

            var winner = Assert.Single(outcomes, outcome => outcome.Kind == AdmitKind.Admitted).Run!;
            Assert.All(outcomes, outcome => Assert.Equal(winner.RunId, outcome.Run!.RunId));
        }
    }

    [Fact]
    public async Task ListReadyAsync_PendingRuns_AreThoseThatHoldTheirSlotOldestFirst()
    {
        var graph = $"graph-{Guid.NewGuid():N}";
        var begun = NewRun() with { Graph = graph };
        await BegunAsync(begun);
        await Catalog.AdmitAsync(NewRun() with { Graph = graph, Strategy = MultitaskStrategy.Enqueue }, None);
        var older = NewRun() with { Graph = graph, ThreadId = $"{_thread}-2" };
        await Catalog.AdmitAsync(older, None);
        bench.Advance(TimeSpan.FromSeconds(1));
        var newer = NewRun() with { Graph = graph, ThreadId = $"{_thread}-1" };
        await Catalog.AdmitAsync(newer, None);

        var ready = await Catalog.ListReadyAsync("test", [graph, "another"], 10, None);

        Assert.Equal([older.RunId, newer.RunId], ready.Select(run => run.RunId));
        Assert.Single(await Catalog.ListReadyAsync("test", [graph], 1, None));
        Assert.Empty(await Catalog.ListReadyAsync("test", [$"{graph}-2"], 10, None));
        Assert.Empty(await Catalog.ListReadyAsync("test", [], 10, None));
    }

    [Fact]
    public async Task EndAsync_RolledBack_HidesTheRun()
    {
        var run = NewRun();
        await BegunAsync(run);
        await Catalog.RequestCancelAsync(run.RunId, CancelAction.Rollback, None);

        var ended = await Catalog.EndAsync(End(run, RunStatus.Interrupted) with { RolledBack = true }, None);

        Assert.True(ended is { RolledBack: true, IsFinal: true });
        Assert.Equal(ended, await Catalog.FindRunAsync(run.RunId, None));
        Assert.Empty(await Catalog.ListRunsAsync(_thread, 10, None));
        Assert.Equal([run.RunId], await Catalog.ListRolledBackAsync(_thread, None));
    }

    private async Task<RunRow> QueuedAsync() =>
        (await Catalog.AdmitAsync(NewRun() with { Strategy = MultitaskStrategy.Enqueue }, None)).Run!;
}
