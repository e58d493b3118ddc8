using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace OrleansRuns.Abstractions;

/// <summary>One execution of one graph. The grain key is the run id.</summary>
/// <remarks>
/// Every state change a caller can observe has been made durable first. All methods interleave: they answer at once, whatever the
/// run's nodes do. A call on a run that is not final and that no silo executes makes this silo go on with it. Every call may fail with a
/// <see cref="RunStoreUnavailableException"/> while the database does not answer, and may then be made again.
/// </remarks>
[Alias("OrleansRuns.IRunGrain"), GrainInterfaceType("run"), Version(1)]
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Gets the run as it is now, and goes on with it when no silo executes it.</summary>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <exception cref="RunNotFoundException">There is no such run, or it was rolled back.</exception>
    [Alias("GetAsync"), AlwaysInterleave]
    Task<RunSnapshot> GetAsync(CancellationToken cancellationToken = default);

    /// <summary>Waits until the run is final, or until the time is over.</summary>
    /// <param name="timeout">How long to wait at most; above 20 seconds it waits 20 seconds. Ask again while the run is not final.</param>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <returns>The run as it is then.</returns>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    [Alias("WaitAsync"), AlwaysInterleave]
    Task<RunSnapshot> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Cancels the run: the intent is durable before the run is told. Repeating it is no error, nor is it on a final run.
    /// </summary>
    /// <param name="action">What to do with the run's checkpoints. The first accepted action wins.</param>
    /// <param name="cancellationToken">Cancels the call; an intent that was stored stays.</param>
    /// <returns>The run right after the intent was stored; wait for it to become final.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such action.</exception>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    [Alias("CancelAsync"), AlwaysInterleave]
    Task<RunSnapshot> CancelAsync(CancelAction action, CancellationToken cancellationToken = default);

    /// <summary>Reads the run's events from a number on, and goes on until the run is final.</summary>
    /// <param name="after">The last number the reader saw; -1 for all.</param>
    /// <param name="kinds">
    /// The kinds of events the reader wants, of <see cref="RunEventKinds"/>; <see langword="null"/> for all. Metadata, interrupts, gaps
    /// and the end always come. What is left out for this reason is no gap.
    /// </param>
    /// <param name="cancellationToken">Ends the reading; the run goes on.</param>
    /// <remarks>
    /// What is no longer in memory comes from the log. What the log does not have is told by a gap event: a reader misses nothing
    /// without being told, and gets nothing twice. A slow reader never holds up the run. The enumeration breaks, or ends without an
    /// <see cref="RunEventKinds.End"/>, when the run moves: read on from the last number.
    /// </remarks>
    /// <exception cref="ArgumentException">There is no such kind of event.</exception>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="InvalidDataException">The log of the run's thread is damaged.</exception>
    [Alias("ReadEventsAsync"), AlwaysInterleave]
    IAsyncEnumerable<RunEvent> ReadEventsAsync(
        long after, IReadOnlyList<string>? kinds = null, CancellationToken cancellationToken = default);

    /// <summary>Keeps the run going only for as long as a reader is there: it is cancelled when the reader's lease runs out.</summary>
    /// <param name="readerId">An id of the reader's own. Repeating the call renews its lease.</param>
    /// <param name="lease">How long to wait for the next call, at most 10 minutes; zero says that the reader is gone.</param>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <returns>The run as it is now.</returns>
    /// <remarks>
    /// That the run has such a reader is durable when the first call returns; the lease itself lives in the memory of the silo that has the
    /// run. When the run moves or its silo dies, the next call renews it where the run goes on, and a reader that is gone before that call
    /// is waited for there (<c>ReaderGrace</c>, a minute by default). Of several readers the first one counts then. A silo that stops ends
    /// no lease.
    /// </remarks>
    /// <exception cref="ArgumentException">The reader's id is empty.</exception>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    [Alias("AttendAsync"), AlwaysInterleave]
    Task<RunSnapshot> AttendAsync(string readerId, TimeSpan lease, CancellationToken cancellationToken = default);
}
