using System.Runtime.CompilerServices;

namespace OrleansRuns.Abstractions;

internal sealed class RunsClient(IGrainFactory grains) : IRunsClient
{
    /// <summary>How long one call waits for a drain.</summary>
    private static readonly TimeSpan DrainPoll = TimeSpan.FromSeconds(5);

    private ISilosGrain Silos => grains.GetGrain<ISilosGrain>(0);

    private ICatalogGrain Catalog => grains.GetGrain<ICatalogGrain>(0);

    public RunThread Thread(string? threadId = null)
    {
        threadId ??= Guid.CreateVersion7().ToString();
        return ThreadId.ProblemOf(threadId) is { } problem
            ? throw new ArgumentException(problem, nameof(threadId))
            : new RunThread(grains, threadId);
    }

    public RunHandle Run(string runId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runId);
        return new RunHandle(grains, runId);
    }

    public IAsyncEnumerable<RunSnapshot> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return AllAsync(search.Cursor, ReadAsync, cancellationToken);

        async Task<(IEnumerable<RunSnapshot>, string?)> ReadAsync(string? cursor, CancellationToken token)
        {
            var page = await GetRunPageAsync(search with { Cursor = cursor }, token);
            return (page.Runs, page.Next);
        }
    }

    public Task<RunPage> GetRunPageAsync(RunSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return Transitions.RetryAsync(token => Catalog.SearchRunsAsync(search, token), cancellationToken);
    }

    public IAsyncEnumerable<ThreadSummary> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        return AllAsync(search.Cursor, ReadAsync, cancellationToken);

        async Task<(IEnumerable<ThreadSummary>, string?)> ReadAsync(string? cursor, CancellationToken token)
        {
            var page = await GetThreadPageAsync(search with { Cursor = cursor }, token);
            return (page.Threads, page.Next);
        }
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

    private static async IAsyncEnumerable<T> AllAsync<T>(
        string? cursor,
        Func<string?, CancellationToken, Task<(IEnumerable<T> Items, string? Next)>> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        do
        {
            (var items, cursor) = await read(cursor, cancellationToken);
            foreach (var item in items)
            {
                yield return item;
            }
        }
        while (cursor is not null);
    }
}
