namespace OrleansRuns.Abstractions;

/// <summary>The way into OrleansRuns from an Orleans client or a client silo.</summary>
/// <remarks>
/// A call that meets a silo in transition, or a database that does not answer, is made again for about half a minute. Then its error
/// travels, such as a <see cref="RunStoreUnavailableException"/>, and the call may be made once more.
/// </remarks>
public interface IRunsClient
{
    /// <summary>Gets a thread. It need not exist yet: starting a run makes it.</summary>
    /// <param name="threadId">
    /// The thread's id: 1 to 200 letters, digits, '-', '_', '.' or ':'; <see langword="null"/> for a new one.
    /// </param>
    /// <exception cref="ArgumentException">It is no id of a thread; see <see cref="ThreadId"/>.</exception>
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

    /// <summary>Lists the silos that execute runs, with what a stop of each would have to do now.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<IReadOnlyList<SiloSnapshot>> GetSilosAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes a silo out of service without stopping it: no run begins on it any more, and those under way go on to their end. What is
    /// admitted meanwhile begins on another silo, or stays pending until there is one.
    /// </summary>
    /// <param name="silo">The silo, as <see cref="SiloSnapshot.Silo"/> names it; the generation may be left out.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <remarks>The cordon lives as long as the silo's process, or until it is undone. Doing it again changes nothing.</remarks>
    /// <exception cref="SiloNotFoundException">No active silo has this name.</exception>
    Task<SiloSnapshot> CordonSiloAsync(string silo, CancellationToken cancellationToken = default);

    /// <summary>Undoes <see cref="CordonSiloAsync"/>: runs begin on the silo again, those that wait for it at once.</summary>
    /// <param name="silo">The silo, as <see cref="SiloSnapshot.Silo"/> names it; the generation may be left out.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SiloNotFoundException">No active silo has this name.</exception>
    /// <exception cref="SiloDrainingException">The silo is being drained, or stops.</exception>
    Task<SiloSnapshot> UncordonSiloAsync(string silo, CancellationToken cancellationToken = default);

    /// <summary>
    /// Cordons a silo and drains it now, exactly as its stop would: its runs go on on other silos from their last checkpoint. The silo
    /// stays up and cordoned.
    /// </summary>
    /// <param name="silo">The silo, as <see cref="SiloSnapshot.Silo"/> names it; the generation may be left out.</param>
    /// <param name="cancellationToken">Ends the waiting, and not the drain.</param>
    /// <returns>What became of every run, after at most the silo's <c>Drain.Timeout</c>.</returns>
    /// <exception cref="SiloNotFoundException">No active silo has this name.</exception>
    Task<DrainReport> DrainSiloAsync(string silo, CancellationToken cancellationToken = default);
}
