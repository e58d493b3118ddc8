using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every run catalog promises: admission and slots.</summary>
public abstract partial class RunCatalogContract(IStorageBench bench)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _thread = $"thread-{Guid.CreateVersion7()}";

    private IRunCatalog Catalog => bench.Catalog;

    [Fact]
    public async Task AdmitAsync_NewThread_MakesItAndTakesItsSlot()
    {
        var run = NewRun();

        var outcome = await Catalog.AdmitAsync(run, None);

        Assert.Equal(AdmitKind.Admitted, outcome.Kind);
        Assert.Equal((run.RunId, 1L, "digest"), (outcome.Thread.Holder, outcome.Thread.Epoch, outcome.Thread.Graph));
        Assert.Equal((RunStatus.Pending, 0, null), (outcome.Run!.Status, outcome.Run.Attempt, outcome.Run.Owner));
        Assert.Equal((run.Fingerprint, run.Request), (outcome.Run.Fingerprint, outcome.Run.Request));
        Assert.Equal(outcome.Thread.LogId, outcome.Run.LogId);
        Assert.Equal(outcome.Run, await Catalog.FindRunAsync(run.RunId, None));
        Assert.Equal(outcome.Thread, await Catalog.FindThreadAsync(_thread, None));
    }

    [Fact]
    public async Task AdmitAsync_SameRunAgain_FindsIt()
    {
        var run = NewRun();
        var first = await Catalog.AdmitAsync(run, None);
        bench.Advance(TimeSpan.FromSeconds(1));

        var second = await Catalog.AdmitAsync(run with { Request = "{\"input\":2}", Graph = "order" }, None);

        Assert.Equal(first with { Kind = AdmitKind.Exists }, second);
        Assert.Equal(first.Thread, await Catalog.FindThreadAsync(_thread, None));
    }

    [Fact]
    public async Task AdmitAsync_SameRunAfterItsEnd_FindsItAndTakesNothing()
    {
        var run = NewRun();
        await BegunAsync(run);
        await Catalog.EndAsync(End(run, RunStatus.Success), None);

        var outcome = await Catalog.AdmitAsync(run, None);

        Assert.Equal((AdmitKind.Exists, RunStatus.Success), (outcome.Kind, outcome.Run!.Status));
        Assert.Null((await Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task AdmitAsync_SameRunOnAnotherThread_MakesNoThread()
    {
        var run = NewRun();
        await Catalog.AdmitAsync(run, None);

        var outcome = await Catalog.AdmitAsync(run with { ThreadId = $"{_thread}-2" }, None);

        Assert.Equal((AdmitKind.Exists, _thread), (outcome.Kind, outcome.Thread.ThreadId));
        Assert.Null(await Catalog.FindThreadAsync($"{_thread}-2", None));
    }

    [Fact]
    public async Task AdmitAsync_SlotHeldByRun_IsBusyAndWritesNothing()
    {
        var holder = (await Catalog.AdmitAsync(NewRun(), None)).Run!;
        var second = NewRun() with { Graph = "order" };
        bench.Advance(TimeSpan.FromSeconds(1));

        var outcome = await Catalog.AdmitAsync(second, None);

        Assert.Equal((AdmitKind.Busy, holder), (outcome.Kind, outcome.Run));
        Assert.Null(await Catalog.FindRunAsync(second.RunId, None));
        Assert.Equal((holder.RunId, 1L, "digest"), await SlotAsync());
        Assert.Equal(holder.UpdatedAt, (await Catalog.FindThreadAsync(_thread, None))!.UpdatedAt);
    }

    [Fact]
    public async Task AdmitAsync_SlotHeldByEdit_IsBusyWithoutARun()
    {
        await Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);

        var outcome = await Catalog.AdmitAsync(NewRun(), None);

        Assert.Equal((AdmitKind.Busy, null, "edit-1"), (outcome.Kind, outcome.Run, outcome.Thread.Holder));
    }

    [Fact]
    public async Task AdmitAsync_AfterTheHoldersEnd_TakesTheSlotInTheNextEpoch()
    {
        var first = NewRun();
        await BegunAsync(first);
        await Catalog.EndAsync(End(first, RunStatus.Success), None);
        var second = NewRun() with { Graph = "order" };

        var outcome = await Catalog.AdmitAsync(second, None);

        Assert.Equal(AdmitKind.Admitted, outcome.Kind);
        Assert.Equal((second.RunId, 2L, "order"), await SlotAsync());
    }

    [Fact]
    public async Task AdmitAsync_SixteenRunsAtOnce_AdmitsOne()
    {
        foreach (var round in Enumerable.Range(0, 10))
        {
            var thread = $"{_thread}-{round}";

            var outcomes = await AtOnce.RunAsync(16, _ => Catalog.AdmitAsync(NewRun() with { ThreadId = thread }, None));

            var winner = Assert.Single(outcomes, outcome => outcome.Kind == AdmitKind.Admitted).Run!;
            Assert.Equal(15, outcomes.Count(outcome => outcome.Kind == AdmitKind.Busy && outcome.Run!.RunId == winner.RunId));
            Assert.Equal(winner, new RunRow(Assert.Single(await Catalog.ListRunsAsync(thread, 100, None)), winner.Request));
            Assert.Equal(1, (await Catalog.FindThreadAsync(thread, None))!.Epoch);
        }
    }

    [Fact]
    public async Task AdmitAsync_OneRunSixteenTimesAtOnce_AdmitsItOnce()
    {
        foreach (var round in Enumerable.Range(0, 10))
        {
            var run = NewRun() with { ThreadId = $"{_thread}-{round}" };

            var outcomes = await AtOnce.RunAsync(16, _ => Catalog.AdmitAsync(run, None));

            Assert.Single(outcomes, outcome => outcome.Kind == AdmitKind.Admitted);
            Assert.Equal(15, outcomes.Count(outcome => outcome.Kind == AdmitKind.Exists && outcome.Run!.RunId == run.RunId));
            Assert.Equal(1, (await Catalog.FindThreadAsync(run.ThreadId, None))!.Epoch);
        }
    }

    [Fact]
    public async Task AdmitAsync_OneRunOnSixteenThreadsAtOnce_TakesOneSlot()
    {
        foreach (var round in Enumerable.Range(0, 10))
        {
            var run = NewRun();

            var outcomes = await AtOnce.RunAsync(
                16, index => Catalog.AdmitAsync(run with { ThreadId = $"{_thread}-{round}-{index}" }, None));

            var winner = Assert.Single(outcomes, outcome => outcome.Kind == AdmitKind.Admitted).Run!;
            Assert.Equal(15, outcomes.Count(outcome => outcome.Kind == AdmitKind.Exists && outcome.Run!.ThreadId == winner.ThreadId));
            foreach (var index in Enumerable.Range(0, 16).Where(index => $"{_thread}-{round}-{index}" != winner.ThreadId))
            {
                Assert.Null(await Catalog.FindThreadAsync($"{_thread}-{round}-{index}", None));
            }
        }
    }

    [Fact]
    public async Task AdmitAsync_AlreadyCancelled_WritesNothing()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        var run = NewRun();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Catalog.AdmitAsync(run, source.Token));

        Assert.Null(await Catalog.FindRunAsync(run.RunId, None));
        Assert.Null(await Catalog.FindThreadAsync(_thread, None));
    }

    [Fact]
    public async Task TakeSlotAsync_TwoHolders_KeepsTheFirst()
    {
        var first = await Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);

        var second = await Catalog.TakeSlotAsync(_thread, "order", "edit-2", None);

        Assert.Equal(("edit-1", 1L), (first.Holder, first.Epoch));
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task TakeSlotAsync_SixteenHoldersAtOnce_GivesItToOne()
    {
        foreach (var round in Enumerable.Range(0, 10))
        {
            var thread = $"{_thread}-{round}";

            var rows = await AtOnce.RunAsync(16, index => Catalog.TakeSlotAsync(thread, "digest", $"edit-{index}", None));

            Assert.Single(rows.Select(row => row.Holder).Distinct());
            Assert.Single(rows.Select(row => row.LogId).Distinct());
            Assert.All(rows, row => Assert.Equal(1, row.Epoch));
        }
    }

    [Theory]
    [InlineData("edit-1", 1, false)]
    [InlineData("edit-2", 1, true)]
    [InlineData("edit-1", 2, true)]
    [InlineData("edit-1", 0, true)]
    public async Task ReleaseSlotAsync_HolderAndEpoch_MustBothFit(string holder, long epoch, bool isHeld)
    {
        await Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);

        await Catalog.ReleaseSlotAsync(_thread, holder, epoch, null, None);

        Assert.Equal(isHeld ? "edit-1" : null, (await Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task ReleaseSlotAsync_ZombieOfAnEarlierEpoch_LeavesTheSlot()
    {
        var first = await Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);
        await Catalog.ReleaseSlotAsync(_thread, "edit-1", first.Epoch, null, None);
        await Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);

        await Catalog.ReleaseSlotAsync(_thread, "edit-1", first.Epoch, null, None);

        Assert.Equal(("edit-1", 2L, "digest"), await SlotAsync());
    }

    [Fact]
    public async Task ReleaseSlotAsync_NoSuchThread_DoesNothing()
    {
        await Catalog.ReleaseSlotAsync(_thread, "edit-1", 1, null, None);

        Assert.Null(await Catalog.FindThreadAsync(_thread, None));
    }

    private static RunEnd End(NewRun run, RunStatus status, int attempt = 1, bool resumable = false) => new()
    {
        RunId = run.RunId,
        Attempt = attempt,
        Status = status,
        Resumable = resumable,
        StopReason = status != RunStatus.Interrupted ? null : resumable ? StopReason.Drained : StopReason.Cancelled,
    };

    private NewRun NewRun() => new(Guid.CreateVersion7().ToString(), _thread, "digest", "f1", """{"input":{"folder":"."}}""");

    private async Task<RunRow> BegunAsync(NewRun run)
    {
        await Catalog.AdmitAsync(run, None);
        return await Catalog.BeginAsync(run.RunId, 1, "silo-1", None);
    }

    private async Task<(string?, long, string)> SlotAsync()
    {
        var thread = (await Catalog.FindThreadAsync(_thread, None))!;
        return (thread.Holder, thread.Epoch, thread.Graph);
    }
}
