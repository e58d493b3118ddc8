using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

internal sealed class RunDoctor(
    IDoctorCatalog records,
    IRunCatalog catalog,
    IOwnerLeases leases,
    IThreadLogStore store,
    IOptions<RunsOptions> options,
    TimeProvider time) : IRunDoctor
{
    private const int PageSize = 200;

    /// <summary>How often a thread is looked at: a mended slot may show that a run waits for it.</summary>
    private const int MaxLooks = 5;

    private readonly LogReview _logs = new(store);

    public async Task<DoctorReport> ExamineAsync(bool repair, CancellationToken cancellationToken)
    {
        var report = new DoctorReport { Threads = 0, Runs = 0, Entries = 0, Due = 0, Findings = [] };
        string? after = null;
        while (true)
        {
            var page = await records.ListThreadsAsync(after, PageSize, cancellationToken);
            foreach (var thread in page)
            {
                report = await ExamineAsync(report, thread, repair, cancellationToken);
            }

            if (page.Length < PageSize)
            {
                return report;
            }

            after = page[^1].ThreadId;
        }
    }

    private async Task<DoctorReport> ExamineAsync(
        DoctorReport report, ThreadRow thread, bool repair, CancellationToken cancellationToken)
    {
        var exam = await LookAsync(thread, cancellationToken);
        var found = exam.Diagnose().ToList();
        if (found.Count > 0)
        {
            // Silos may be at work: what was read at different moments need not fit together. What is wrong is so the next time too.
            exam = await LookAsync(thread.ThreadId, cancellationToken) ?? exam;
            var again = exam.Diagnose().Select(diagnosis => diagnosis.Finding).ToHashSet();
            found.RemoveAll(diagnosis => !again.Contains(diagnosis.Finding));
        }

        var findings = repair && found.Any(diagnosis => diagnosis.IsRepairable)
            ? await RepairAsync(exam, cancellationToken)
            : [.. found.Select(diagnosis => diagnosis.Finding with { IsRepairable = diagnosis.IsRepairable })];
        return report with
        {
            Threads = report.Threads + 1,
            Runs = report.Runs + exam.Runs.Length,
            Entries = report.Entries + exam.Log.Entries,
            Due = report.Due + exam.Due.Count(),
            Findings = report.Findings.AddRange(findings),
        };
    }

    /// <summary>Mends one thing after the other and looks what is left.</summary>
    private async Task<ImmutableArray<DoctorFinding>> RepairAsync(ThreadExam exam, CancellationToken cancellationToken)
    {
        var repaired = new List<DoctorFinding>();
        for (var look = 1; look <= MaxLooks; look++)
        {
            // A status first: it may free the slot in the same transaction.
            var next = exam.Diagnose().Where(diagnosis => diagnosis.IsRepairable)
                .OrderBy(diagnosis => diagnosis.End is null)
                .FirstOrDefault(diagnosis => repaired.All(done => done.Text != diagnosis.Finding.Text));
            if (next is null)
            {
                break;
            }

            await MendAsync(next, exam.Log, cancellationToken);
            repaired.Add(next.Finding with { IsRepairable = true });
            exam = await LookAsync(exam.Thread.ThreadId, cancellationToken) ?? exam;
        }

        var left = exam.Diagnose().ToList();
        return
        [
            .. repaired.Select(done => done with { IsRepaired = left.All(diagnosis => diagnosis.Finding.Text != done.Text) }),
            .. left.Where(diagnosis => repaired.All(done => done.Text != diagnosis.Finding.Text))
                .Select(diagnosis => diagnosis.Finding with { IsRepairable = diagnosis.IsRepairable }),
        ];
    }

    private async Task MendAsync(Diagnosis diagnosis, LogSummary log, CancellationToken cancellationToken)
    {
        if (diagnosis.End is { } end)
        {
            await catalog.EndAsync(end, cancellationToken);
        }
        else if (diagnosis.Release is { Holder: { } holder } slot)
        {
            await catalog.ReleaseSlotAsync(slot.ThreadId, holder, slot.Epoch, log.Rest, cancellationToken);
        }
        else if (diagnosis.Take is { } run)
        {
            await catalog.TakeSlotAsync(run.ThreadId, run.Graph, run.RunId, cancellationToken);
        }
        else if (diagnosis.Rests is { } thread)
        {
            await RestAsync(thread, cancellationToken);
        }
    }

    /// <summary>Holds a thread like an edit, so that its log stands still, and lets it go with what the log says.</summary>
    private async Task RestAsync(ThreadRow thread, CancellationToken cancellationToken)
    {
        var doctor = ThreadSlots.HolderOf(Guid.CreateVersion7().ToString());
        var slot = await catalog.TakeSlotAsync(thread.ThreadId, thread.Graph, doctor, cancellationToken);
        if (slot.Holder == doctor)
        {
            var log = await _logs.ReadAsync(thread.LogId, cancellationToken);
            await catalog.ReleaseSlotAsync(thread.ThreadId, doctor, slot.Epoch, log.Rest, cancellationToken);
        }
    }

    private async Task<ThreadExam?> LookAsync(string threadId, CancellationToken cancellationToken) =>
        await catalog.FindThreadAsync(threadId, cancellationToken) is { } thread ? await LookAsync(thread, cancellationToken) : null;

    private async Task<ThreadExam> LookAsync(ThreadRow thread, CancellationToken cancellationToken)
    {
        var log = await _logs.ReadAsync(thread.LogId, cancellationToken);
        var runs = ImmutableArray.CreateBuilder<RunSummary>();
        while (true)
        {
            var after = runs.Count == 0 ? null : runs[^1].RunId;
            var page = await records.ListRunsAsync(thread.ThreadId, after, PageSize, cancellationToken);
            runs.AddRange(page);
            if (page.Length < PageSize)
            {
                break;
            }
        }

        // The log has stood still meanwhile if nobody has taken the thread.
        var rest = await records.FindRestAsync(thread.ThreadId, cancellationToken) is { } stored && stored.Epoch == thread.Epoch
            ? stored
            : null;
        var live = (await leases.ListLiveAsync(cancellationToken)).Select(lease => lease.Owner.ToString()).ToImmutableHashSet();
        return new ThreadExam(
            thread,
            runs.ToImmutable(),
            log,
            rest?.Rest,
            rest?.Status,
            live,
            IsEditDead: time.GetUtcNow() - thread.UpdatedAt > options.Value.EditTimeout);
    }
}
