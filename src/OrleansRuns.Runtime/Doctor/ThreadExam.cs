using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>What there is of one thread, and what is wrong with it. Pure.</summary>
/// <param name="Thread">The thread's row.</param>
/// <param name="Runs">Its runs, oldest first.</param>
/// <param name="Log">What its log says.</param>
/// <param name="Rest">What is stored of its status, if it rested while it was looked at.</param>
/// <param name="Status">The status at rest that is stored.</param>
/// <param name="Live">The owners whose lease has not expired.</param>
/// <param name="IsEditDead">Whether an edit that holds the slot has had its time.</param>
internal sealed record ThreadExam(
    ThreadRow Thread,
    ImmutableArray<RunSummary> Runs,
    LogSummary Log,
    ThreadRest? Rest,
    string? Status,
    ImmutableHashSet<string> Live,
    bool IsEditDead)
{
    // In the order of their admission: ids are made by callers, whose clocks may differ.
    private IEnumerable<RunSummary> Unfinished => Runs.Where(run => !run.IsFinal).OrderBy(run => run.Number);

    private RunSummary? Newest => Runs.Where(run => !run.RolledBack).MaxBy(run => run.Number);

    private RunSummary? Holder => Runs.FirstOrDefault(run => run.RunId == Thread.Holder);

    /// <summary>Gets the runs that recovery goes on with.</summary>
    internal IEnumerable<RunSummary> Due =>
        Unfinished.Where(run =>
            (run.RunId == Thread.Holder || run.CancelAction is not null) && (run.Owner is null || !Live.Contains(run.Owner)));

    internal IEnumerable<Diagnosis> Diagnose() =>
        [.. SlotHolder(), .. Stuck(), .. TwoActive(), .. Runs.SelectMany(StatusOf), .. AtRest(), .. Log.Problems.Select(Unreadable)];

    private IEnumerable<Diagnosis> SlotHolder()
    {
        if (Thread.Holder is not { } holder)
        {
            yield break;
        }

        var problem = Holder switch
        {
            { IsFinal: true } run => $"is the run '{holder}', which has ended as {WireName.Of(run.Status)}",
            null when !ThreadSlots.IsEdit(holder) => $"is the run '{holder}', which does not exist",
            null when IsEditDead => $"is the edit '{holder}', which has not come back since {Thread.UpdatedAt:u}",
            _ => null,
        };
        if (problem is not null)
        {
            yield return Found(DoctorCheck.SlotHolder, Holder, $"The slot's holder {problem}. The slot can be freed.") with
            {
                Release = Thread,
            };
        }
    }

    private IEnumerable<Diagnosis> Stuck()
    {
        // Behind an active run, or an edit that comes back or is freed, a pending run waits for its turn.
        // A cancel that was not delivered is, and needs no slot.
        var waiting = Unfinished.Where(run => run.RunId != Thread.Holder && run.CancelAction is null).ToList();
        var stuck = waiting.Where(run => Thread.Holder is null || run.Status != RunStatus.Pending).ToList();
        // One that has begun goes before one that has not; of two that have begun nobody can tell which is right.
        var begun = stuck.Where(run => run.Attempt > 0).ToList();
        var next = Thread.Holder is not null || begun.Count > 1 ? null : begun.FirstOrDefault() ?? stuck.FirstOrDefault();
        return stuck.Select(run => Found(
            DoctorCheck.RunStuck,
            run,
            $"Run '{run.RunId}' is {WireName.Of(run.Status)} and holds no slot; "
            + (Thread.Holder is null ? "nobody does. " : $"'{Thread.Holder}' does. ")
            + (run == next ? "The slot can be given to it." : "It can go on when the slot is its own.")) with
        {
            Take = run == next ? run : null,
        });
    }

    private IEnumerable<Diagnosis> TwoActive()
    {
        var begun = Unfinished.Where(run => run.Attempt > 0).ToList();
        return begun.Count < 2
            ? []
            : begun.Where(run => run.RunId != Thread.Holder).Select(run => Found(
                DoctorCheck.TwoActive,
                run,
                $"Run '{run.RunId}' has begun and not ended, and so have {begun.Count - 1} other(s) of its thread. Cancel those that are "
                + "not wanted."));
    }

    private IEnumerable<Diagnosis> StatusOf(RunSummary run)
    {
        var end = Log.Ends.GetValueOrDefault(run.RunId);
        if (run.IsFinal)
        {
            return Disagreement(run, end) is { } problem
                ? [Found(DoctorCheck.StatusDisagrees, run, $"Run '{run.RunId}' has ended as {WireName.Of(run.Status)}, but {problem}.")]
                : [];
        }

        // A live owner is about to write it.
        if (end is null || end.Status == WireName.Of(RunStatus.Interrupted) || (run.Owner is not null && Live.Contains(run.Owner)))
        {
            return [];
        }

        var isCancelled = run.CancelAction is not null;
        var status = isCancelled ? RunStatus.Interrupted : WireName.Parse<RunStatus>(end.Status);
        return
        [
            Found(
                DoctorCheck.StatusMissing,
                run,
                $"Run '{run.RunId}' is {WireName.Of(run.Status)}, but its log ended as {end.Status}. "
                + $"Its status is {WireName.Of(status)}.") with
            {
                // Only a silo can roll a thread back.
                End = run.CancelAction is not null and not CancelAction.Interrupt ? null : new RunEnd
                {
                    RunId = run.RunId,
                    Attempt = run.Attempt,
                    Status = status,
                    StopReason = isCancelled ? run.CancelReason : end.StopReason is { } why ? WireName.Parse<StopReason>(why) : null,
                    Error = isCancelled ? null : end.Error,
                    Rest = Log.Rest,
                },
            },
        ];
    }

    /// <remarks>
    /// A run may end without an end in its log: cancelled before it began, or failed because the log cannot be written. A success never
    /// does. An accepted cancel wins over whatever the log says.
    /// </remarks>
    private string? Disagreement(RunSummary run, EndLogRecord? end) => end switch
    {
        null => run.Status == RunStatus.Success && Log.IsWhole ? "its log has no end of it" : null,
        _ when end.Status == WireName.Of(run.Status) || (run.CancelAction is not null && run.Status == RunStatus.Interrupted) => null,
        // A stop that was written before the run went on and could write nothing more.
        _ when end.Status == WireName.Of(RunStatus.Interrupted) && run.Status != RunStatus.Success => null,
        _ => $"its log ended as {end.Status}",
    };

    private IEnumerable<Diagnosis> AtRest()
    {
        // What is not final yet changes it when it ends.
        if (Rest is not { } stored || Log.Rest is not { } rest || Unfinished.Any())
        {
            return [];
        }

        var status = WireName.Of(rest.Status(Newest));
        var problem = rest != stored ? $"as one that {Describe(stored)}, but by its log it {Describe(rest)}"
            // What a run's status should be has to be known before what follows from it.
            : Status != status && !Runs.SelectMany(StatusOf).Any() ? $"as {Status}, but by its log and its newest run it is {status}"
            : null;
        if (problem is null)
        {
            return [];
        }

        var text = $"The thread is stored {problem}. That can be written anew.";
        return [Found(DoctorCheck.ThreadDisagrees, null, text) with { Rests = Thread }];
    }

    private static string Describe(ThreadRest rest) =>
        (rest.Asks ? "waits for an answer" : "waits for no answer")
        + (rest.PlannedBy is { } run ? $" and has nodes planned by '{run}'" : " and has no nodes planned");

    private Diagnosis Unreadable(string problem) => Found(
        DoctorCheck.LogUnreadable, null, $"{problem} What stands behind it is lost with it, unless a backup has it.");

    private Diagnosis Found(DoctorCheck check, RunSummary? run, string text) => new(new DoctorFinding
    {
        Check = check,
        ThreadId = Thread.ThreadId,
        RunId = run?.RunId,
        Text = text,
    });
}

/// <summary>A finding and how it can be mended, in at most one of four ways.</summary>
/// <param name="Finding">The finding.</param>
internal sealed record Diagnosis(DoctorFinding Finding)
{
    /// <summary>Gets the thread whose slot is to be freed.</summary>
    internal ThreadRow? Release { get; init; }

    /// <summary>Gets the run that is to get the slot.</summary>
    internal RunSummary? Take { get; init; }

    /// <summary>Gets the end that is to be written.</summary>
    internal RunEnd? End { get; init; }

    /// <summary>Gets the thread whose status at rest is to be written as its log says.</summary>
    internal ThreadRow? Rests { get; init; }

    internal bool IsRepairable => Release is not null || Take is not null || End is not null || Rests is not null;
}

/// <summary>What a thread's log says of its runs.</summary>
/// <param name="Entries">How many entries there are.</param>
/// <param name="IsWhole">Whether nothing was removed from its beginning and everything can be read.</param>
/// <param name="Ends">How runs ended, by run.</param>
/// <param name="Problems">What cannot be read.</param>
/// <param name="Rest">What the thread's status at rest follows from; <see langword="null"/> when something cannot be read.</param>
internal sealed record LogSummary(
    long Entries,
    bool IsWhole,
    ImmutableDictionary<string, EndLogRecord> Ends,
    ImmutableArray<string> Problems,
    ThreadRest? Rest);
