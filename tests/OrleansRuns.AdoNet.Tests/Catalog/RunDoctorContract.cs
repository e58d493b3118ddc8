using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What the doctor finds and mends in a database that was damaged. Each test has a thread of its own.</summary>
public abstract class RunDoctorContract(AdoBench bench)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _thread = $"thread-{Guid.CreateVersion7()}";

    private IRunDoctor Doctor => bench.Host.Get<IRunDoctor>();

    [Fact]
    public async Task ExamineAsync_EveryHealthyState_FindsNothingAndChangesNothing()
    {
        await EndedAsync(RunStatus.Success);
        var cancelled = await AdmitAsync();
        await bench.Catalog.RequestCancelAsync(cancelled.RunId, CancelAction.Interrupt, None);
        await EndAsync(cancelled, RunStatus.Interrupted, StopReason.Cancelled);
        var lateCancel = await BegunAsync();
        await CloseLogAsync(lateCancel, "success");
        await bench.Catalog.RequestCancelAsync(lateCancel.RunId, CancelAction.Interrupt, None);
        await EndAsync(lateCancel, RunStatus.Interrupted, StopReason.Cancelled);
        await EndedAsync(RunStatus.Error, StopReason.NodeError);
        await BegunAsync();
        var before = await DumpAsync();

        var findings = await ExamineAsync(repair: true);

        Assert.Empty(findings);
        Assert.Equal(before, await DumpAsync());
    }

    [Theory]
    [InlineData("a run that is not there")]
    [InlineData("edit-that-died")]
    public async Task SlotHolder_IsGone_IsFreed(string holder)
    {
        await EndedAsync(RunStatus.Success);
        await DamageAsync("update threads set holder = @value where thread_id = @thread", holder);
        bench.Advance(TimeSpan.FromMinutes(2));

        var finding = await FindAndMendAsync(DoctorCheck.SlotHolder);

        Assert.Contains(holder, finding.Text, StringComparison.Ordinal);
        Assert.Null((await bench.Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task SlotHolder_EditUnderWay_IsLeftAlone()
    {
        await EndedAsync(RunStatus.Success);
        await bench.Catalog.TakeSlotAsync(_thread, "digest", "edit-1", None);

        Assert.Empty(await ExamineAsync(repair: true));
    }

    [Fact]
    public async Task SlotHolder_HasEnded_IsFreed()
    {
        var run = await EndedAsync(RunStatus.Success);
        await DamageAsync("update threads set holder = @value where thread_id = @thread", run.RunId);

        var finding = await FindAndMendAsync(DoctorCheck.SlotHolder);

        Assert.Equal(run.RunId, finding.RunId);
        Assert.Null((await bench.Catalog.FindThreadAsync(_thread, None))!.Holder);
        Assert.Equal(RunStatus.Success, (await bench.Catalog.FindRunAsync(run.RunId, None))!.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_HoldsNoSlotAndNobodyDoes_GetsIt(bool hasBegun)
    {
        var run = hasBegun ? await BegunAsync() : await AdmitAsync();
        await DamageAsync("update threads set holder = null where thread_id = @thread", "");

        await FindAndMendAsync(DoctorCheck.RunStuck);

        Assert.Equal(run.RunId, (await bench.Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task Runs_TwoHaveBegun_AreToldAndNothingIsGuessed()
    {
        var first = await BegunAsync();
        await DamageAsync("update threads set holder = null where thread_id = @thread", "");
        var second = await BegunAsync();
        var before = await DumpAsync();

        var findings = await ExamineAsync(repair: true);

        Assert.Equal(
            [DoctorCheck.RunStuck, DoctorCheck.TwoActive], findings.Select(finding => finding.Check).Order());
        Assert.All(findings, finding => Assert.Equal((first.RunId, false), (finding.RunId, finding.IsRepaired)));
        Assert.NotEqual(first.RunId, second.RunId);
        Assert.Equal(before, await DumpAsync());
    }

    [Theory]
    [InlineData("success", false, RunStatus.Success, null)]
    [InlineData("error", false, RunStatus.Error, StopReason.NodeError)]
    [InlineData("success", true, RunStatus.Interrupted, StopReason.Cancelled)]
    [InlineData("error", true, RunStatus.Interrupted, StopReason.Cancelled)]
    public async Task Status_LogHasItsEnd_FollowsFromTheEndAndTheIntent(
        string end, bool isCancelled, RunStatus status, StopReason? reason)
    {
        var run = await BegunAsync();
        await CloseLogAsync(run, end, end == "error" ? "node_error" : null);
        if (isCancelled)
        {
            await bench.Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None);
        }

        await FindAndMendAsync(DoctorCheck.StatusMissing);

        var mended = (await bench.Catalog.FindRunAsync(run.RunId, None))!;
        Assert.Equal((status, reason), (mended.Status, mended.StopReason));
        Assert.Null((await bench.Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task Status_LogEndsAtAQuestion_ThreadWaitsForItsAnswer()
    {
        var run = await BegunAsync();
        var stands = LogEntries.Checkpoint("step");
        var question = new Interrupt { Id = "q", Node = "ask", Value = JsonSerializer.SerializeToElement("Go on?") };
        await AppendAsync(
            run,
            "2",
            isBase: false,
            new WritesLogRecord
            {
                Namespace = stands.Namespace,
                CheckpointId = stands.Checkpoint.Id,
                Tasks = [new TaskWrites { TaskId = "t", Node = "ask", Interrupts = [question] }],
            },
            new EndLogRecord { Status = "success" });

        await FindAndMendAsync(DoctorCheck.StatusMissing);

        var thread = Assert.Single((await bench.Host.Get<IRunLists>().SearchThreadsAsync(new ThreadSearch { Limit = 1 }, None)).Threads);
        Assert.Equal((_thread, ThreadStatus.Interrupted), (thread.ThreadId, thread.Status));
    }

    [Fact]
    public async Task Run_CancelWasNotDelivered_IsDueAndNotStuck()
    {
        await BegunAsync();
        var queued = await bench.Catalog.AdmitAsync(
            new NewRun(Guid.CreateVersion7().ToString(), _thread, "digest", "f1", "{}") { Strategy = MultitaskStrategy.Enqueue }, None);
        await bench.Catalog.RequestCancelAsync(queued.Run!.RunId, CancelAction.Interrupt, None);
        await DamageAsync("update threads set holder = null where thread_id = @thread", "");
        await DamageAsync("update runs set status = 'success' where thread_id = @thread and cancel_action is null", "");

        Assert.DoesNotContain(DoctorCheck.RunStuck, (await ExamineAsync(repair: false)).Select(finding => finding.Check));
    }

    [Fact]
    public async Task Status_LogHasItsEndAndTheOwnerIsAlive_IsLeftToTheOwner()
    {
        var owner = new RunOwner("blue", SiloAddress.New(System.Net.IPAddress.Loopback, 1, Environment.TickCount & int.MaxValue));
        await bench.Leases.HoldAsync(owner, ImmutableSortedDictionary<string, string>.Empty, TimeSpan.FromHours(1), None);
        await CloseLogAsync(await BegunAsync(owner.ToString()), "success");

        Assert.Empty(await ExamineAsync(repair: true));
        await bench.Leases.ReleaseAsync(owner, None);
    }

    [Theory]
    [InlineData("error", "update runs set status = 'success', stop_reason = null where thread_id = @thread")]
    [InlineData("success", "update runs set status = 'error' where thread_id = @thread")]
    [InlineData("success", "delete from orleansstorage where thread = @log and position = 2")]
    public async Task Status_DisagreesWithTheLog_IsToldAndNotChanged(string end, string damage)
    {
        var run = await EndedAsync(WireName.Parse<RunStatus>(end));
        await DamageAsync(damage, "");
        var before = await DumpAsync();

        var finding = Assert.Single(await ExamineAsync(repair: true));

        Assert.Equal((DoctorCheck.StatusDisagrees, run.RunId, false), (finding.Check, finding.RunId, finding.IsRepaired));
        Assert.Equal(before, await DumpAsync());
    }

    [Theory]
    [InlineData("update orleansstorage set payloadbinary = @bytes where thread = @log and position = 1", "position 1")]
    [InlineData("delete from orleansstorage where thread = @log and position = 1", "position 2")]
    public async Task Log_Damaged_IsToldWithItsPlace(string damage, string place)
    {
        await EndedAsync(RunStatus.Error);
        await DamageAsync(damage, "");

        var finding = Assert.Single(await ExamineAsync(repair: true));

        Assert.Equal((DoctorCheck.LogUnreadable, false), (finding.Check, finding.IsRepaired));
        Assert.Contains(place, finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_EntriesInFrontOfABaseAreMissing_IsTold()
    {
        var run = await EndedAsync(RunStatus.Error);
        await AppendAsync(run, "3", isBase: true, LogEntries.Claim(), LogEntries.Checkpoint("later", full: true));
        await DamageAsync("delete from orleansstorage where thread = @log and position = 1", "");
        await DamageAsync("delete from orleansstorage where thread = @log and position = 2", "");

        var finding = (await ExamineAsync(repair: true)).First(one => one.Check == DoctorCheck.LogUnreadable);

        Assert.StartsWith("The entries at positions 1 to 2 of log", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TwoWaitAndNobodyHoldsTheSlot_TheFirstAdmittedGetsIt()
    {
        var first = await AdmitAsync();
        // Made by a caller whose clock is behind.
        var earlierId = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-1)).ToString();
        await bench.Catalog.AdmitAsync(
            new NewRun(earlierId, _thread, "digest", "f1", "{}") { Strategy = MultitaskStrategy.Enqueue }, None);
        await DamageAsync("update threads set holder = null where thread_id = @thread", "");

        await ExamineAsync(repair: true);

        Assert.Equal(first.RunId, (await bench.Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task Run_HasBegunAndNobodyOwnsIt_IsGoneOnWith()
    {
        var run = await BegunAsync();
        await DamageAsync("update runs set owner = null where thread_id = @thread", "");
        var self = new RunOwner("blue", SiloAddress.New(System.Net.IPAddress.Loopback, 1, 2));

        var due = await bench.Leases.ListDueAsync(new DueRuns { Self = self, Live = [self] }, after: null, limit: 1000, None);

        Assert.Contains(run.RunId, due.Select(one => one.RunId));
    }

    [Fact]
    public async Task Thread_StoredStatusDoesNotFollow_IsWrittenAnew()
    {
        await EndedAsync(RunStatus.Success);
        await DamageAsync("update threads set rest = 'error' where thread_id = @thread", "");

        var finding = await FindAndMendAsync(DoctorCheck.ThreadDisagrees);

        Assert.Contains("stored as error, but by its log and its newest run it is idle", finding.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("asks = true")]
    [InlineData("planned_by = 'somebody'")]
    public async Task Thread_StatusDisagreesWithTheLog_IsWrittenAnew(string damage)
    {
        await EndedAsync(RunStatus.Success);
        await DamageAsync($"update threads set {damage} where thread_id = @thread", "");

        var finding = await FindAndMendAsync(DoctorCheck.ThreadDisagrees);

        Assert.Contains("but by its log it waits for no answer and has no nodes planned.", finding.Text, StringComparison.Ordinal);
        Assert.Null((await bench.Catalog.FindThreadAsync(_thread, None))!.Holder);
    }

    [Fact]
    public async Task ExamineAsync_RunOfADeadOwner_IsDueAndNothingIsWrong()
    {
        var before = (await Doctor.ExamineAsync(repair: false, None)).Due;

        await BegunAsync();

        Assert.Empty(await ExamineAsync(repair: false));
        Assert.Equal(before + 1, (await Doctor.ExamineAsync(repair: false, None)).Due);
    }

    /// <summary>Finds one thing that can be mended, mends it, and finds nothing any more.</summary>
    private async Task<DoctorFinding> FindAndMendAsync(DoctorCheck check)
    {
        var before = await DumpAsync();
        var found = Assert.Single(await ExamineAsync(repair: false));
        Assert.Equal((check, true, false), (found.Check, found.IsRepairable, found.IsRepaired));
        Assert.Equal(before, await DumpAsync());

        var mended = Assert.Single(await ExamineAsync(repair: true));
        Assert.Equal(found with { IsRepaired = true }, mended);
        Assert.Empty(await ExamineAsync(repair: true));
        return mended;
    }

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(bool repair) =>
        [.. (await Doctor.ExamineAsync(repair, None)).Findings.Where(finding => finding.ThreadId == _thread)];

    private async Task DamageAsync(string sql, string value)
    {
        var log = (await bench.Catalog.FindThreadAsync(_thread, None))!.LogId;
        await bench.ScalarAsync(sql, ("thread", _thread), ("value", value), ("log", log), ("bytes", "no entry"u8.ToArray()));
    }

    private async Task<string> DumpAsync()
    {
        var thread = (await bench.Catalog.FindThreadAsync(_thread, None))!;
        return JsonSerializer.Serialize(thread)
            + JsonSerializer.Serialize(await bench.Catalog.ListRunsAsync(_thread, 1000, None))
            + await bench.CountEntriesAsync(thread.LogId);
    }

    private async Task<RunRow> AdmitAsync()
    {
        var run = new NewRun(Guid.CreateVersion7().ToString(), _thread, "digest", "f1", "{}");
        return (await bench.Catalog.AdmitAsync(run, None)).Run!;
    }

    /// <summary>Admits and claims a run, with the first two entries of its log.</summary>
    private async Task<RunRow> BegunAsync(string owner = "blue/127.0.0.1:1@1")
    {
        var run = await bench.Catalog.BeginAsync((await AdmitAsync()).RunId, 1, owner, None);
        await AppendAsync(run, "0", isBase: true, LogEntries.Claim(), LogEntries.Checkpoint("input", full: true));
        await AppendAsync(run, "1", isBase: false, LogEntries.Checkpoint("step"));
        return run;
    }

    private Task CloseLogAsync(RunRow run, string status, string? reason = null) =>
        AppendAsync(run, "2", isBase: false, new EndLogRecord { Status = status, StopReason = reason });

    private async Task<RunRow> EndedAsync(RunStatus status, StopReason? reason = null)
    {
        var run = await BegunAsync();
        await CloseLogAsync(run, WireName.Of(status), reason is { } why ? WireName.Of(why) : null);
        return await EndAsync(run, status, reason);
    }

    private Task<RunRow> EndAsync(RunRow run, RunStatus status, StopReason? reason = null) => bench.Catalog.EndAsync(
        new RunEnd { RunId = run.RunId, Attempt = run.Attempt, Status = status, StopReason = reason }, None);

    private async Task AppendAsync(RunRow run, string sequence, bool isBase, params LogRecord[] records)
    {
        var position = await bench.CountEntriesAsync(run.LogId);
        var entry = LogEntries.Entry($"{run.RunId}/{run.Attempt}/{sequence}", isBase, records);
        Assert.True((await bench.Log.AppendAsync(run.LogId, position, entry, None)).IsAppended);
    }
}
