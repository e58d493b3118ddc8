using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Everything that the catalog holds, page by page, also what does not show any more.</summary>
public interface IDoctorCatalog
{
    /// <summary>Lists threads by their ids.</summary>
    /// <param name="after">The last id of the page before; <see langword="null"/> for the first page.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<ImmutableArray<ThreadRow>> ListThreadsAsync(string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Lists all runs of a thread by their ids.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="after">The last id of the page before; <see langword="null"/> for the first page.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Finds what is stored of a thread's status at rest.</summary>
    /// <returns>It, or <see langword="null"/> while somebody holds the thread, or when there is none.</returns>
    Task<StoredRest?> FindRestAsync(string threadId, CancellationToken cancellationToken);
}

/// <summary>What is stored of the status that a thread has while nobody holds it.</summary>
/// <param name="Epoch">How often the slot was taken so far.</param>
/// <param name="Rest">What its log said when it was last let go.</param>
/// <param name="Status">The status at rest that is stored.</param>
public sealed record StoredRest(long Epoch, ThreadRest Rest, string Status);
