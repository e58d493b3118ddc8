using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every run catalog promises: the life of a run.</summary>
public abstract partial class RunCatalogContract
{
    [Fact]
    public async Task BeginAsync_FirstAttempt_IsRunning()
    {
        var run = NewRun();
        var admitted = (await Catalog.AdmitAsync(run, None)).Run!;
        bench.Advance(TimeSpan.FromSeconds(1));

        var row = await Catalog.BeginAsync(run.RunId, 1, "silo-1", None);

        Assert.Equal(
            admitted with
            {
                Status = RunStatus.Running,
                Attempt = 1,
                Owner = "silo-1",
                StartedAt = admitted.UpdatedAt.AddSeconds(1),
                UpdatedAt = admitted.UpdatedAt.AddSeconds(1),
            },
            row);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(3)]
    public async Task BeginAsync_NotTheNextAttempt_IsRefused(int attempt)
    {
        var before = await BegunAsync(NewRun());
        bench.Advance(TimeSpan.FromSeconds(1));

        var row = await Catalog.BeginAsync(before.RunId, attempt, "silo-2", None);

        Assert.Equal(before, row);
    }

    [Fact]
    public async Task BeginAsync_NextAttempt_TakesTheRunOver()
    {
        var before = await BegunAsync(NewRun());

        var row = await Catalog.BeginAsync(before.RunId, 2, "silo-2", None);

        Assert.Equal((2, "silo-2", RunStatus.Running), (row.Attempt, row.Owner, row.Status));
    }

    [Fact]
    public async Task BeginAsync_SixteenOwnersAtOnce_GivesItToOne()
    {
        foreach (var _ in Enumerable.Range(0, 10))
        {
            var run = NewRun() with { ThreadId = $"{_thread}-{Guid.NewGuid()}" };
            await Catalog.AdmitAsync(run, None);

            var rows = await AtOnce.RunAsync(16, index => Catalog.BeginAsync(run.RunId, 1, $"silo-{index}", None));

            Assert.Single(rows.Index(), pair => pair.Item.Owner == $"silo-{pair.Index}");
            Assert.Single(rows.Select(row => row.Owner).Distinct());
            Assert.All(rows, row => Assert.Equal(1, row.Attempt));
        }
    }

    [Fact]
    public async Task BeginAsync_CancelRacedIn_IsRefused()
    {
        var run = NewRun();
        await Catalog.AdmitAsync(run, None);
        var cancelled = await Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None);

        var row = await Catalog.BeginAsync(run.RunId, 1, "silo-1", None);

        Assert.Equal(cancelled, row);
        Assert.Equal((RunStatus.Pending, 0), (row.Status, row.Attempt));
    }

    [Fact]
    public async Task BeginAsync_ResumableRun_RunsAgain()
    {
        var run = NewRun();
        await BegunAsync(run);
        await Catalog.EndAsync(End(run, RunStatus.Interrupted, resumable: true), None);

        var row = await Catalog.BeginAsync(run.RunId, 2, "silo-2", None);

        Assert.Equal((RunStatus.Running, null, false, 2), (row.Status, row.StopReason, row.Resumable, row.Attempt));
    }

    [Fact]
    public async Task BeginAsync_UnknownRun_ThrowsNotFound() =>
        await Assert.ThrowsAsync<RunNotFoundException>(() => Catalog.BeginAsync("no-such-run", 1, "silo-1", None));

    [Fact]
    public async Task RequestCancelAsync_FirstIntent_StaysAsItWas()
    {
        var run = NewRun();
        await BegunAsync(run);
        var first = await Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None);
        bench.Advance(TimeSpan.FromSeconds(1));

        var second = await Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None);

        Assert.Equal((CancelAction.Interrupt, RunStatus.Running), (first!.CancelAction, first.Status));
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task FindNewestThreadAsync_RunsOfSeveralThreads_IsThatOfTheNewestOfTheGraph()
    {
        var graph = $"graph-{Guid.NewGuid():N}";
        var first = NewRun() with { Graph = graph, ThreadId = $"{_thread}-first", RunId = LaterId(1) };
        var second = NewRun() with { Graph = graph, ThreadId = $"{_thread}-second", RunId = LaterId(2) };
        var other = NewRun() with { ThreadId = $"{_thread}-other", RunId = LaterId(3) };
        Assert.Null(await Catalog.FindNewestThreadAsync(graph, None));

        foreach (var run in new[] { first, second, other })
        {
            await Catalog.AdmitAsync(run, None);
        }

        Assert.Equal(second.ThreadId, await Catalog.FindNewestThreadAsync(graph, None));
    }

    [Fact]
    public async Task FindNewestThreadAsync_ClocksOfTheCallersDiffer_IsThatOfTheRunAdmittedLast()
    {
        var graph = $"graph-{Guid.NewGuid():N}";
        var first = NewRun() with { Graph = graph, ThreadId = $"{_thread}-first", RunId = LaterId(2) };
        var second = NewRun() with { Graph = graph, ThreadId = $"{_thread}-second", RunId = LaterId(1) };
        await Catalog.AdmitAsync(first, None);
        bench.Advance(TimeSpan.FromSeconds(1));

        await Catalog.AdmitAsync(second, None);

        Assert.Equal(second.ThreadId, await Catalog.FindNewestThreadAsync(graph, None));
    }

    [Fact]
    public async Task RequestCancelAsync_UnknownRun_IsNull() =>
        Assert.Null(await Catalog.RequestCancelAsync("no-such-run", CancelAction.Interrupt, None));

    public static TheoryData<RunStatus> Finals => new(RunStatus.Success, RunStatus.Error, RunStatus.Timeout, RunStatus.Interrupted);

    [Theory]
    [MemberData(nameof(Finals))]
    public async Task EndAsync_FinalStatus_ReleasesTheSlotAndStays(RunStatus status)
    {
        var run = NewRun();
        var begun = await BegunAsync(run);
        bench.Advance(TimeSpan.FromSeconds(1));

        var ended = await Catalog.EndAsync(End(run, status) with { Error = "Schief: 失敗" }, None);

        Assert.Equal(
            begun with
            {
                Status = status,
                StopReason = status == RunStatus.Interrupted ? StopReason.Cancelled : null,
                Error = "Schief: 失敗",
                Holder = null,
                UpdatedAt = begun.UpdatedAt.AddSeconds(1),
            },
            ended);
        Assert.Equal((null, 1L, "digest"), await SlotAsync());
        await AssertNothingChangesAsync(run, ended);
    }

    [Fact]
    public async Task EndAsync_ErrorThatNotEveryDatabaseStores_EndsAllTheSame()
    {
        var run = NewRun();
        await BegunAsync(run);

        await Catalog.EndAsync(End(run, RunStatus.Error) with { Error = "Neither 'a\0b' nor half a smile \ud83d is a number." }, None);

        var ended = await Catalog.FindRunAsync(run.RunId, None);
        Assert.Equal(RunStatus.Error, ended!.Status);
        Assert.StartsWith("Neither 'a", ended.Error, StringComparison.Ordinal);
        Assert.EndsWith("is a number.", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EndAsync_StaleAttempt_IsRefusedAndKeepsTheSlot()
    {
        var run = NewRun();
        await BegunAsync(run);
        var begun = await Catalog.BeginAsync(run.RunId, 2, "silo-2", None);

        var row = await Catalog.EndAsync(End(run, RunStatus.Success, attempt: 1), None);

        Assert.Equal(begun, row);
        Assert.Equal((run.RunId, 1L, "digest"), await SlotAsync());
    }

    [Fact]
    public async Task EndAsync_PendingRun_MayEndWithoutAnAttempt()
    {
        var run = NewRun();
        await Catalog.AdmitAsync(run, None);

        var row = await Catalog.EndAsync(
            End(run, RunStatus.Interrupted, attempt: 0) with { StopReason = StopReason.Cancelled }, None);

        Assert.True(row.IsFinal);
        Assert.Equal((null, 1L, "digest"), await SlotAsync());
    }

    [Theory]
    [InlineData(RunStatus.Success)]
    [InlineData(RunStatus.Error)]
    [InlineData(RunStatus.Timeout)]
    public async Task EndAsync_AfterAcceptedCancel_IsRefused(RunStatus status)
    {
        var run = NewRun();
        await BegunAsync(run);
        var cancelled = await Catalog.RequestCancelAsync(run.RunId, CancelAction.Rollback, None);

        var refused = await Catalog.EndAsync(End(run, status), None);
        var ended = await Catalog.EndAsync(End(run, RunStatus.Interrupted) with { StopReason = StopReason.Cancelled }, None);

        Assert.Equal(cancelled, refused);
        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EndAsync_DrainedAfterAcceptedCancel_IsRefused(bool resumable)
    {
        var run = NewRun();
        await BegunAsync(run);
        var cancelled = await Catalog.RequestCancelAsync(run.RunId, CancelAction.Rollback, None);

        var refused = await Catalog.EndAsync(
            End(run, RunStatus.Interrupted) with { StopReason = StopReason.Drained, Resumable = resumable }, None);

        Assert.Equal(cancelled, refused);
        Assert.Equal((run.RunId, 1L, "digest"), await SlotAsync());
    }

    [Fact]
    public async Task EndAsync_SuccessAndCancelAtOnce_NeverLeaveBoth()
    {
        foreach (var _ in Enumerable.Range(0, 40))
        {
            var run = NewRun() with { ThreadId = $"{_thread}-{Guid.NewGuid()}" };
            await BegunAsync(run);

            await AtOnce.RunAsync(2, async index => index == 0
                ? await Catalog.EndAsync(End(run, RunStatus.Success), None)
                : await Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None));

            var row = (await Catalog.FindRunAsync(run.RunId, None))!;
            Assert.True(
                (row.Status, row.CancelAction) is (RunStatus.Success, null) or (RunStatus.Running, CancelAction.Interrupt), row.ToString());
        }
    }

    [Fact]
    public async Task EndAsync_SixteenEndsAtOnce_WritesOne()
    {
        var run = NewRun();
        await BegunAsync(run);

        var rows = await AtOnce.RunAsync(
            16, index => Catalog.EndAsync(End(run, RunStatus.Error) with { Error = $"writer {index}" }, None));

        Assert.Single(rows.Index(), pair => pair.Item.Error == $"writer {pair.Index}");
        Assert.Single(rows.Distinct());
    }

    [Fact]
    public async Task EndAsync_Resumable_IsNotFinalAndKeepsTheSlot()
    {
        var run = NewRun();
        await BegunAsync(run);

        var row = await Catalog.EndAsync(End(run, RunStatus.Interrupted, resumable: true), None);

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained, true, false), (row.Status, row.StopReason, row.Resumable, row.IsFinal));
        Assert.Equal((run.RunId, 1L, "digest"), await SlotAsync());
        Assert.Equal(row, new RunRow(Assert.Single(await Catalog.ListRunsAsync(_thread, 100, None)), row.Request));
    }

    [Fact]
    public async Task EndAsync_ZombieAfterTheNextRunTookTheSlot_LeavesIt()
    {
        var first = NewRun();
        await BegunAsync(first);
        await Catalog.EndAsync(End(first, RunStatus.Success), None);
        var second = NewRun();
        await Catalog.AdmitAsync(second, None);

        await Catalog.EndAsync(End(first, RunStatus.Error), None);

        Assert.Equal((second.RunId, 2L, "digest"), await SlotAsync());
    }

    [Fact]
    public async Task EndAsync_UnknownRun_ThrowsNotFound() =>
        await Assert.ThrowsAsync<RunNotFoundException>(
            () => Catalog.EndAsync(End(NewRun(), RunStatus.Success), None));

    public static TheoryData<StopReason> StopReasons => [.. Enum.GetValues<StopReason>()];

    [Theory]
    [MemberData(nameof(StopReasons))]
    public async Task EndAsync_EveryStopReason_IsReadBack(StopReason reason)
    {
        var run = NewRun();
        await BegunAsync(run);

        await Catalog.EndAsync(End(run, RunStatus.Interrupted) with { StopReason = reason }, None);

        Assert.Equal(reason, (await Catalog.FindRunAsync(run.RunId, None))!.StopReason);
    }

    [Fact]
    public async Task ListRunsAsync_Thread_HasItsOwnNewestFirst()
    {
        var runs = new List<NewRun>();
        foreach (var _ in Enumerable.Range(0, 5))
        {
            runs.Add(NewRun());
            await BegunAsync(runs[^1]);
            await Catalog.EndAsync(End(runs[^1], RunStatus.Success), None);
        }

        await Catalog.AdmitAsync(NewRun() with { ThreadId = $"{_thread}-2" }, None);

        var newest = runs.Select(run => run.RunId).Reverse().ToList();
        Assert.Equal(newest, (await Catalog.ListRunsAsync(_thread, 100, None)).Select(row => row.RunId));
        Assert.Equal(newest.Take(2), (await Catalog.ListRunsAsync(_thread, 2, None)).Select(row => row.RunId));
        Assert.Empty(await Catalog.ListRunsAsync($"{_thread}-3", 2, None));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task ListAsync_LimitOutOfRange_ThrowsArgument(int limit)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Catalog.ListReadyAsync("blue", ["digest"], limit, None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Catalog.ListRunsAsync(_thread, limit, None));
    }

    private async Task AssertNothingChangesAsync(NewRun run, RunRow ended)
    {
        bench.Advance(TimeSpan.FromSeconds(1));
        foreach (var status in Enum.GetValues<RunStatus>().Where(status => status is not (RunStatus.Pending or RunStatus.Running)))
        {
            Assert.Equal(ended, await Catalog.EndAsync(End(run, status), None));
        }

        Assert.Equal(ended, await Catalog.BeginAsync(run.RunId, 2, "silo-2", None));
        Assert.Equal(ended, await Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None));
        Assert.Equal(ended, await Catalog.FindRunAsync(run.RunId, None));
    }

    /// <summary>Makes the id that a caller makes whose clock is ahead.</summary>
    private static string LaterId(int seconds) => Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddYears(60).AddSeconds(seconds)).ToString();
}
