using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>
/// The tables that say which threads and runs exist, who holds a thread's slot, which cancels were accepted and how runs ended.
/// Every change is one transaction and durable when its task completes.
/// </summary>
/// <remarks>Progress is not here but in the thread's log; see <see cref="IThreadLogStore"/>.</remarks>
public interface IRunCatalog
{
    /// <summary>
    /// Admits a run: makes the thread if it is new, takes its slot or a place in its queue, inserts the run as pending, and ends or
    /// cancels those that it supersedes; all or nothing.
    /// </summary>
    /// <returns>
    /// The admitted run, the one that was already there (same run id or idempotency key), or the run that holds the slot.
    /// </returns>
    Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken);

    /// <summary>Finds the run that an equal admission has made: by its id, else by its idempotency key.</summary>
    /// <returns>An outcome of kind <see cref="AdmitKind.Exists"/>, or <see langword="null"/> when there is no such run.</returns>
    Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken);

    /// <summary>
    /// Claims a run for an owner: a compare-and-set on the attempt, refused while another cluster's live silo owns it or is to begin it.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="attempt">The attempt that begins: one more than the row's.</param>
    /// <param name="owner">The silo that begins it; see <see cref="RunOwner"/>.</param>
    /// <param name="cancellationToken">Cancels the call before it is sent.</param>
    /// <returns>
    /// The row as it is now. The claim has succeeded when its attempt and owner are those asked for; otherwise another owner, a cancel
    /// that raced in, or a final status stands there, or the run does not hold its thread's slot.
    /// </returns>
    Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken);

    /// <summary>Records the intent to cancel. The first intent wins; repeating it changes nothing.</summary>
    /// <returns>The row as it is now, or <see langword="null"/> when there is no such run.</returns>
    Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken);

    /// <summary>Records the reader that a run is not to outlive. The first one stays; of a run that is final nothing is recorded.</summary>
    /// <returns>The row as it is now, or <see langword="null"/> when there is no such run.</returns>
    Task<RunRow?> AttendAsync(string runId, string readerId, CancellationToken cancellationToken);

    /// <summary>
    /// Writes how an attempt ended: a compare-and-set on the attempt of a row that is not final. An accepted cancel beats every other end,
    /// also that of a drain, for good or to be continued: they are then refused. A final status gives the thread's slot to the next run
    /// of its queue in the same transaction.
    /// </summary>
    /// <returns>
    /// The row as it is now; it carries the asked status when the write was accepted, and then its holder is who has the slot now.
    /// </returns>
    Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken);

    /// <summary>Finds a run.</summary>
    Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Finds a thread.</summary>
    Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken);

    /// <summary>Finds the thread on which a graph's newest run was admitted, by the time of its admission and then its id.</summary>
    /// <returns>The thread's id, or <see langword="null"/> when the graph was never run.</returns>
    Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken);

    /// <summary>Lists the runs of a thread that were not rolled back, newest first.</summary>
    Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken);

    /// <summary>Lists the pending runs that hold their thread's slot and only wait for a silo, oldest first.</summary>
    /// <param name="clusterId">The cluster that asks. What another one has admitted is its own while it has a silo with a lease.</param>
    /// <param name="graphs">The graphs whose runs are wanted.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<ImmutableArray<RunSummary>> ListReadyAsync(
        string clusterId, ImmutableArray<string> graphs, int limit, CancellationToken cancellationToken);

    /// <summary>Lists the threads that an edit has held since before a time while runs wait for them.</summary>
    /// <param name="since">The time.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<ImmutableArray<ThreadRow>> ListBlockedAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken);

    /// <summary>Gets the runs of a thread that were rolled back.</summary>
    Task<ImmutableHashSet<string>> ListRolledBackAsync(string threadId, CancellationToken cancellationToken);

    /// <summary>Takes a thread's slot for an edit, making the thread if it is new.</summary>
    /// <returns>The thread, held by <paramref name="holder"/> if the slot was free, otherwise by its present holder.</returns>
    Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken);

    /// <summary>Gives a slot taken by <paramref name="holder"/> in <paramref name="epoch"/> to the next run of the queue.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="holder">The edit that holds the slot.</param>
    /// <param name="epoch">The epoch in which it took it.</param>
    /// <param name="rest">What the thread's log says of its status; <see langword="null"/> for what it said before the edit.</param>
    /// <param name="cancellationToken">Cancels the call before it is sent.</param>
    /// <returns>Who has the slot now. Nothing is changed when <paramref name="holder"/> no longer held it.</returns>
    Task<string?> ReleaseSlotAsync(
        string threadId, string holder, long epoch, ThreadRest? rest, CancellationToken cancellationToken);
}
