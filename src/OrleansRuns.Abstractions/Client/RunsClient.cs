using System.Runtime.CompilerServices;

namespace OrleansRuns.Abstractions;

internal sealed class RunsClient(IGrainFactory grains) : IRunsClient
{
    /// <summary>How long one call waits for a drain.</summary>
    private static readonly TimeSpan DrainPoll = TimeSpan.FromSeconds(5);

    private ISilosGrain Silos => grains.GetGrain<ISilosGrain>(0);

    private ICatalogGrain Catalog => grains.GetGrain<ICatalogGrain>(0);

    public RunThread Thread(string? threadId = null) => new(grains, threadId ?? Guid.CreateVersion7().ToString());

    public RunHandle Run(string runId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runId);
        return new RunHandle(grains, runId);
    }

    public IAsyncEnumerable<RunSnapshot> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return AllRunsAsync(search, cancellationToken);
    }

    public Task<RunPage> GetRunPageAsync(RunSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return Transitions.RetryAsync(token => Catalog.SearchRunsAsync(search, token), cancellationToken);
    }

    public IAsyncEnumerable<ThreadSummary> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return AllThreadsAsync(search, cancellationToken);
    }

    public Task<ThreadPage> GetThreadPageAsync(ThreadSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return Transitions.RetryAsync(token => Catalog.SearchThreadsAsync(search, token), cancellationToken);
    }

    public Task<IReadOnlyList<DrainReport>> GetDrainReportsAsync(int limit = 10, CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Catalog.GetDrainReportsAsync(limit, token), cancellationToken);

    public Task<IReadOnlyList<SiloSnapshot>> GetSilosAsync(CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Silos.ListAsync(token), cancellationToken);

    public Task<SiloSnapshot> CordonSiloAsync(string silo, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(silo);
        return Transitions.RetryAsync(token => Silos.CordonAsync(silo, token), cancellationToken);
    }

    public Task<SiloSnapshot> UncordonSiloAsync(string silo, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(silo);
        return Transitions.RetryAsync(token => Silos.UncordonAsync(silo, token), cancellationToken);
    }

    public async Task<DrainReport> DrainSiloAsync(string silo, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(silo);
        var drainId = Guid.CreateVersion7().ToString();
        while (true)
        {
            // Bounded by the silo, whose drain has a time of its own; a silo that dies meanwhile is no longer found.
            var report = await Transitions.RetryAsync(
                token => Silos.DrainAsync(silo, drainId, DrainPoll, token), cancellationToken, answersAfter: DrainPoll);
            if (report is not null)
            {
                return report;
            }
        }
    }

    private async IAsyncEnumerable<RunSnapshot> AllRunsAsync(
        RunSearch search, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var next = search; next is not null;)
        {
            var page = await GetRunPageAsync(next, cancellationToken);
            foreach (var run in page.Runs)
            {
                yield return run;
            }

            next = page.Next is { } cursor ? search with { Cursor = cursor } : null;
        }
    }

    private async IAsyncEnumerable<ThreadSummary> AllThreadsAsync(
        ThreadSearch search, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var next = search; next is not null;)
        {
            var page = await GetThreadPageAsync(next, cancellationToken);
            foreach (var thread in page.Threads)
            {
                yield return thread;
            }

            next = page.Next is { } cursor ? search with { Cursor = cursor } : null;
        }
    }
}
