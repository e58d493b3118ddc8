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
    Task<ImmutableArray<RunRow>> ListRunsAsync(string threadId, string? after, int limit, CancellationToken cancellationToken);
}
