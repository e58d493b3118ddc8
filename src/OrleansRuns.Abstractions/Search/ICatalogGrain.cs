using Orleans.CodeGeneration;

namespace OrleansRuns.Abstractions;

/// <summary>Lists runs, threads and drain reports. Every silo answers by itself, from the database; the grain key is 0.</summary>
/// <remarks>
/// A walk over all pages tells everything that fits from its beginning to its end exactly once, whatever is written meanwhile. Every call
/// may fail with a <see cref="RunStoreUnavailableException"/> while the database does not answer, and may then be made again.
/// </remarks>
[Alias("OrleansRuns.ICatalogGrain"), GrainInterfaceType("catalog"), Version(1)]
public interface ICatalogGrain : IGrainWithIntegerKey
{
    /// <summary>Gets a page of runs. A run is listed from the moment its start returned.</summary>
    /// <param name="search">Which runs.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InvalidSearchException">The limit, a status, the metadata or the cursor does not fit.</exception>
    [Alias("SearchRunsAsync")]
    Task<RunPage> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken = default);

    /// <summary>Gets a page of threads.</summary>
    /// <param name="search">Which threads.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InvalidSearchException">The limit, a status, the metadata or the cursor does not fit.</exception>
    [Alias("SearchThreadsAsync")]
    Task<ThreadPage> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken = default);

    /// <summary>
    /// Gets what became of the runs of silos that stopped or were drained, newest first. Reports are kept for 30 days.
    /// </summary>
    /// <param name="limit">How many at most, 1 to 100.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit does not fit.</exception>
    [Alias("GetDrainReportsAsync")]
    Task<IReadOnlyList<DrainReport>> GetDrainReportsAsync(int limit, CancellationToken cancellationToken = default);
}
