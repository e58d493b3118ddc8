using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Reads threads straight from the store: on a silo, or in a program that only looks on.</summary>
public interface IThreadHistory
{
    /// <summary>Gets the state of a thread at a checkpoint.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="checkpointId">The checkpoint; <see langword="null"/> for the newest.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="GraphNotFoundException">The thread's graph is not known here.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    Task<ThreadSnapshot> GetStateAsync(string threadId, string? checkpointId, CancellationToken cancellationToken);

    /// <summary>Gets the states of a thread, newest first.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="before">The checkpoint to start below; <see langword="null"/> for the newest.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit does not fit.</exception>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="GraphNotFoundException">The thread's graph is not known here.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    Task<IReadOnlyList<ThreadSnapshot>> GetHistoryAsync(
        string threadId, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>Gets the runs of a thread, newest first.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit does not fit.</exception>
    Task<IReadOnlyList<RunSnapshot>> GetRunsAsync(string threadId, int limit, CancellationToken cancellationToken);

    /// <summary>Finds the thread on which a graph's newest run was started.</summary>
    /// <param name="graph">The name of the graph.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The thread's id, or <see langword="null"/> when the graph was never run.</returns>
    Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken);
}
