using Orleans.CodeGeneration;
using Orleans.Concurrency;
using Orleans.Metadata;

namespace OrleansRuns.Abstractions;

/// <summary>One thread: the line of states that runs and edits write, one writer at a time. The grain key is the thread id.</summary>
/// <remarks>
/// Every call may fail with a <see cref="RunStoreUnavailableException"/> while the database does not answer, and may then be made again:
/// with the same run id or edit id it does nothing twice.
/// </remarks>
[Alias("OrleansRuns.IThreadGrain"), GrainInterfaceType("thread"), DefaultGrainType("thread"), Version(1)]
public interface IThreadGrain : IGrainWithStringKey
{
    /// <summary>Admits a run. It is durable when the task completes, and begins at once.</summary>
    /// <param name="request">The graph to execute and its input. Repeating an equal request returns the same run.</param>
    /// <param name="cancellationToken">Cancels the call; nothing of the run remains unless it was admitted.</param>
    /// <exception cref="GraphNotFoundException">No silo has the graph.</exception>
    /// <exception cref="InvalidRunRequestException">The input, the answer or the checkpoint does not fit; nothing was changed.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="ThreadBusyException">Another run or an edit holds the thread.</exception>
    /// <exception cref="RunConflictException">The run id was used before with a different request.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    [Alias("StartRunAsync")]
    Task<RunSnapshot> StartRunAsync(StartRunRequest request, CancellationToken cancellationToken = default);

    /// <summary>Gets the state at a checkpoint.</summary>
    /// <param name="checkpointId">The checkpoint; <see langword="null"/> for the newest.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="GraphNotFoundException">No silo has the thread's graph.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    [Alias("GetStateAsync"), AlwaysInterleave]
    Task<ThreadSnapshot> GetStateAsync(string? checkpointId = null, CancellationToken cancellationToken = default);

    /// <summary>Gets the states of the thread, newest first.</summary>
    /// <param name="before">The checkpoint to start below; <see langword="null"/> for the newest.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit does not fit.</exception>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="GraphNotFoundException">No silo has the thread's graph.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    [Alias("GetHistoryAsync"), AlwaysInterleave]
    Task<IReadOnlyList<ThreadSnapshot>> GetHistoryAsync(
        string? before = null, int limit = 10, CancellationToken cancellationToken = default);

    /// <summary>Gets the thread's runs, newest first.</summary>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit does not fit.</exception>
    [Alias("GetRunsAsync"), AlwaysInterleave]
    Task<IReadOnlyList<RunSnapshot>> GetRunsAsync(int limit = 10, CancellationToken cancellationToken = default);

    /// <summary>Edits the state: appends a checkpoint, durable when the task completes.</summary>
    /// <param name="request">What to write, in whose name and where. Repeating it with the same edit id changes nothing more.</param>
    /// <param name="cancellationToken">Cancels the call before the checkpoint is written.</param>
    /// <returns>The state after the edit.</returns>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="InvalidRunRequestException">The values, the node or the edit id do not fit; nothing was changed.</exception>
    /// <exception cref="ThreadBusyException">A run or another edit holds the thread.</exception>
    /// <exception cref="GraphNotFoundException">No silo has the thread's graph.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    [Alias("UpdateStateAsync")]
    Task<ThreadSnapshot> UpdateStateAsync(UpdateStateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Appends a copy of an earlier checkpoint, so that the next run goes on from there.</summary>
    /// <param name="checkpointId">The checkpoint to copy.</param>
    /// <param name="editId">A UUIDv7 by which a repeated call changes nothing more, if it may be repeated.</param>
    /// <param name="cancellationToken">Cancels the call before the checkpoint is written.</param>
    /// <returns>The state at the copy.</returns>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="InvalidRunRequestException">The edit id is no UUIDv7, or the state is too large; nothing was changed.</exception>
    /// <exception cref="ThreadBusyException">A run or an edit holds the thread.</exception>
    /// <exception cref="GraphNotFoundException">No silo has the thread's graph.</exception>
    /// <exception cref="ArgumentException">The checkpoint's id is empty.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    [Alias("ForkAsync")]
    Task<ThreadSnapshot> ForkAsync(string checkpointId, string? editId = null, CancellationToken cancellationToken = default);

    /// <summary>Merges a JSON object into the thread's metadata: its members replace those of the same name; null removes one.</summary>
    /// <param name="metadata">The members to set and to remove. Repeating the call changes nothing more.</param>
    /// <param name="cancellationToken">Cancels the call before anything is written.</param>
    /// <returns>The whole metadata, durable.</returns>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="InvalidRunRequestException">It is no JSON object, or the metadata would grow beyond 64 KiB.</exception>
    [Alias("UpdateMetadataAsync"), AlwaysInterleave]
    Task<string> UpdateMetadataAsync(string metadata, CancellationToken cancellationToken = default);
}
