using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>A run to be admitted.</summary>
/// <param name="RunId">The run: a UUIDv7 made by the caller, so that admission can be repeated.</param>
/// <param name="ThreadId">The thread.</param>
/// <param name="Graph">The name of the graph.</param>
/// <param name="Fingerprint">The graph's fingerprint.</param>
/// <param name="Request">The request as JSON, at most the input limit; compared to recognise a repetition.</param>
public sealed record NewRun(string RunId, string ThreadId, string Graph, string Fingerprint, string Request)
{
    /// <summary>Gets what becomes of the run when others of its thread are not final.</summary>
    public MultitaskStrategy Strategy { get; init; }

    /// <summary>Gets the key that finds the run again, unique among all runs.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Gets what the run is found by, as a JSON object in its stored form.</summary>
    public string Metadata { get; init; } = "{}";

    /// <summary>Gets the cluster that admits the run, whose silos begin it; <see langword="null"/> for any.</summary>
    public string? ClusterId { get; init; }
}

/// <summary>How an admission ended.</summary>
/// <param name="Kind">Which of the three it was.</param>
/// <param name="Run">The admitted run, the one already there, or (when busy) the run that holds the slot, if it is a run.</param>
/// <param name="Thread">The thread as it is now.</param>
public sealed record AdmitOutcome(AdmitKind Kind, RunRow? Run, ThreadRow Thread)
{
    /// <summary>Gets the runs that the admitted one has ended or cancelled, which have to be told.</summary>
    public ImmutableArray<string> Superseded { get; init; } = [];
}

/// <summary>The ways an admission can end.</summary>
public enum AdmitKind
{
    /// <summary>The run is durable and holds the thread's slot, or waits for it.</summary>
    Admitted = 0,

    /// <summary>A run of this id or idempotency key was admitted before; the caller compares the requests.</summary>
    Exists = 1,

    /// <summary>Another holder has the thread's slot. Nothing was written.</summary>
    Busy = 2,
}

/// <summary>A row of the runs table without the request, which may be long: what lists read.</summary>
public record RunSummary
{
    /// <summary>Gets the run's id.</summary>
    public required string RunId { get; init; }

    /// <summary>Gets the thread's id.</summary>
    public required string ThreadId { get; init; }

    /// <summary>Gets the id of the thread's log.</summary>
    public required string LogId { get; init; }

    /// <summary>Gets the run's place among those of its thread: the order in which they were admitted.</summary>
    public long Number { get; init; }

    /// <summary>Gets the name of the graph.</summary>
    public required string Graph { get; init; }

    /// <summary>Gets the graph's fingerprint at admission.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets the status.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Gets why the run is not a success.</summary>
    public StopReason? StopReason { get; init; }

    /// <summary>Gets whether an interrupted run is to be continued elsewhere; it is then not final.</summary>
    public bool Resumable { get; init; }

    /// <summary>Gets the error's message.</summary>
    public string? Error { get; init; }

    /// <summary>Gets the number of the newest attempt: 0 before the first one began.</summary>
    public required int Attempt { get; init; }

    /// <summary>Gets the silo that began the newest attempt.</summary>
    public string? Owner { get; init; }

    /// <summary>Gets the accepted cancel, if there is one.</summary>
    public CancelAction? CancelAction { get; init; }

    /// <summary>Gets why it was cancelled: <see cref="Abstractions.StopReason.Cancelled"/>, or superseded by a newer run.</summary>
    public StopReason? CancelReason { get; init; }

    /// <summary>Gets whether the run was rolled back, so that it no longer shows.</summary>
    public bool RolledBack { get; init; }

    /// <summary>Gets who held the slot of the run's thread when the row was read.</summary>
    public string? Holder { get; init; }

    /// <summary>Gets when the run was admitted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets when the first attempt began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Gets when the row was last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Gets what the run is found by, as a JSON object in its stored form.</summary>
    public string Metadata { get; init; } = "{}";

    /// <summary>
    /// Gets the cluster that admitted the run; <see langword="null"/> in the row of a program that did not record it yet.
    /// </summary>
    public string? ClusterId { get; init; }

    /// <summary>Gets the reader that the run is not to outlive, if there is one.</summary>
    public string? Reader { get; init; }

    /// <summary>Gets whether nothing can change the row any more.</summary>
    public bool IsFinal => Status.IsFinal(Resumable);

    /// <summary>Gets whether the run held its thread's slot when the row was read.</summary>
    public bool HoldsSlot => Holder == RunId;
}

/// <summary>A row of the runs table.</summary>
public sealed record RunRow : RunSummary
{
    /// <summary>Makes a row.</summary>
    public RunRow()
    {
    }

    /// <summary>Completes a row.</summary>
    /// <param name="summary">What is known of it.</param>
    /// <param name="request">The request as JSON.</param>
    [SetsRequiredMembers]
    public RunRow(RunSummary summary, string request)
        : base(summary) => Request = request;

    /// <summary>Gets the request as JSON.</summary>
    public required string Request { get; init; }
}

/// <summary>A row of the threads table.</summary>
public sealed record ThreadRow
{
    /// <summary>Gets the thread's id.</summary>
    public required string ThreadId { get; init; }

    /// <summary>Gets the id of the thread's log: new for every thread, also for one that is made again under an old id.</summary>
    public required string LogId { get; init; }

    /// <summary>Gets the name of the graph the thread was last used with.</summary>
    public required string Graph { get; init; }

    /// <summary>Gets who holds the slot: a run's id, an edit's id, or <see langword="null"/>.</summary>
    public string? Holder { get; init; }

    /// <summary>Gets how often the slot was taken.</summary>
    public required long Epoch { get; init; }

    /// <summary>Gets when the thread was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets when the row was last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Gets whether runs wait behind an edit that holds the slot.</summary>
    public bool Waits { get; init; }
}

/// <summary>How an attempt of a run ended.</summary>
public sealed record RunEnd
{
    /// <summary>Gets the run's id.</summary>
    public required string RunId { get; init; }

    /// <summary>Gets the attempt that ended; the write is refused when the row has another.</summary>
    public required int Attempt { get; init; }

    /// <summary>Gets the status to write.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Gets why it is not a success.</summary>
    public StopReason? StopReason { get; init; }

    /// <summary>Gets whether an interrupted run is to be continued elsewhere.</summary>
    public bool Resumable { get; init; }

    /// <summary>Gets what the thread's log says of its status; <see langword="null"/> when the run has written nothing.</summary>
    public ThreadRest? Rest { get; init; }

    /// <summary>Gets whether the thread was returned to its state before the run.</summary>
    public bool RolledBack { get; init; }

    /// <summary>Gets the error's message.</summary>
    public string? Error { get; init; }

    /// <summary>Gets whether it is how a cancelled run ends: nothing else is written of a run whose cancel was accepted.</summary>
    internal bool IsOfCancel => Status == RunStatus.Interrupted && !Resumable && StopReason != Abstractions.StopReason.Drained;
}
