using Orleans.Concurrency;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Answers on the silo that is asked: there is nothing to keep between two calls.</summary>
[GrainType("catalog"), StatelessWorker]
internal sealed class CatalogGrain(IRunLists lists, IDrainReports drains) : Grain, ICatalogGrain
{
    public Task<RunPage> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken) =>
        lists.SearchRunsAsync(search, cancellationToken);

    public Task<ThreadPage> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken) =>
        lists.SearchThreadsAsync(search, cancellationToken);

    public async Task<IReadOnlyList<DrainReport>> GetDrainReportsAsync(int limit, CancellationToken cancellationToken) =>
        await drains.ListAsync(limit, cancellationToken);
}
