using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every run catalog promises: of two transitions at once, one comes first, and the other finds what it has left.</summary>
public abstract partial class RunCatalogContract
{
    private const int Rounds = 30;

    [Fact]
    public async Task BeginAsync_CancelAtOnce_NeverHidesTheIntent()
    {
        foreach (var run in await RunsAsync())
        {
            var rows = await AtOnce.RunAsync(2, async index => index == 0
                ? await Catalog.BeginAsync(run.RunId, 1, "silo-1", None)
                : (await Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None))!);

            var row = (await Catalog.FindRunAsync(run.RunId, None))!;
            Assert.Equal(CancelAction.Interrupt, row.CancelAction);
            // Whoever was refused sees why.
            Assert.True(
                row.Status == RunStatus.Running ? rows[0].Attempt == 1 : rows[0].CancelAction is not null, rows[0].ToString());
        }
    }

    [Fact]
    public async Task BeginAsync_EndOfTheAttemptBeforeAtOnce_OneOfThemComesFirst()
    {
        foreach (var run in await RunsAsync(begun: true))
        {
            var rows = await AtOnce.RunAsync(2, index => index == 0
                ? Catalog.BeginAsync(run.RunId, 2, "silo-2", None)
                : Catalog.EndAsync(End(run, RunStatus.Success), None));

            var row = (await Catalog.FindRunAsync(run.RunId, None))!;
            Assert.True(
                (row.Status, row.Attempt, row.Owner) is (RunStatus.Success, 1, "silo-1") or (RunStatus.Running, 2, "silo-2"),
                row.ToString());
            Assert.Equal(row.IsFinal ? null : run.RunId, (await Catalog.FindThreadAsync(run.ThreadId, None))!.Holder);
            Assert.Equal(row.IsFinal ? 1 : 2, rows[0].Attempt);
        }
    }

    [Theory]
    [InlineData(MultitaskStrategy.Enqueue)]
    [InlineData(MultitaskStrategy.Interrupt)]
    [InlineData(MultitaskStrategy.Rollback)]
    public async Task AdmitAsync_ActiveRunEndsAtOnce_TheNextHoldsTheSlotOrWaitsForIt(MultitaskStrategy strategy)
    {
        foreach (var run in await RunsAsync(begun: true))
        {
            var next = NewRun() with { ThreadId = run.ThreadId, Strategy = strategy };
            await AtOnce.RunAsync(2, async index => index == 0
                ? (await Catalog.AdmitAsync(next, None)).Run!
                : await Catalog.EndAsync(End(run, RunStatus.Success), None));

            var (first, second) = ((await Catalog.FindRunAsync(run.RunId, None))!, (await Catalog.FindRunAsync(next.RunId, None))!);
            Assert.Equal(RunStatus.Pending, second.Status);
            Assert.Equal(first.IsFinal, second.HoldsSlot);
            Assert.Equal(first.IsFinal, first.CancelAction is null);
            Assert.Equal(first.IsFinal ? RunStatus.Success : RunStatus.Running, first.Status);
        }
    }

    private async Task<List<NewRun>> RunsAsync(bool begun = false)
    {
        var runs = Enumerable.Range(0, Rounds).Select(_ => NewRun() with { ThreadId = $"{_thread}-{Guid.NewGuid()}" }).ToList();
        foreach (var run in runs)
        {
            _ = begun ? await BegunAsync(run) : (await Catalog.AdmitAsync(run, None)).Run!;
        }

        return runs;
    }
}
