namespace OrleansRuns.Abstractions;

/// <summary>The way into OrleansRuns from an Orleans client or a client silo.</summary>
public interface IRunsClient
{
    /// <summary>Gets a thread. It need not exist yet: starting a run makes it.</summary>
    /// <param name="threadId">
    /// The thread's id: 1 to 200 letters, digits, '-', '_', '.' or ':'; <see langword="null"/> for a new one.
    /// </param>
    RunThread Thread(string? threadId = null);

    /// <summary>Gets a run.</summary>
    /// <param name="runId">The run's id.</param>
    RunHandle Run(string runId);

    /// <summary>Lists runs, all that fit: asks for page after page.</summary>
    /// <param name="search">Which runs, from which cursor on, and how many a page has.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <exception cref="InvalidSearchException">The limit, a status, the metadata or the cursor does not fit.</exception>
    IAsyncEnumerable<RunSnapshot> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="ICatalogGrain.SearchRunsAsync"/>
    Task<RunPage> GetRunPageAsync(RunSearch search, CancellationToken cancellationToken = default);

    /// <summary>Lists threads, all that fit: asks for page after page.</summary>
    /// <param name="search">Which threads, from which cursor on, and how many a page has.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <exception cref="InvalidSearchException">The limit, a status, the metadata or the cursor does not fit.</exception>
    IAsyncEnumerable<ThreadSummary> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="ICatalogGrain.SearchThreadsAsync"/>
    Task<ThreadPage> GetThreadPageAsync(ThreadSearch search, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="ICatalogGrain.GetDrainReportsAsync"/>
    Task<IReadOnlyList<DrainReport>> GetDrainReportsAsync(int limit = 10, CancellationToken cancellationToken = default);
}
