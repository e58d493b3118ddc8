using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Lists runs and threads straight from the store: on a silo, or in a program that only looks on.</summary>
public interface IRunLists
{
    /// <summary>Gets a page of runs.</summary>
    /// <param name="search">Which runs.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="InvalidSearchException">The limit, a status, the metadata or the cursor does not fit.</exception>
    Task<RunPage> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken);

    /// <summary>Gets a page of threads.</summary>
    /// <param name="search">Which threads.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="InvalidSearchException">The limit, a status, the metadata or the cursor does not fit.</exception>
    Task<ThreadPage> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken);
}
