using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

internal sealed class RunLists(IRunSearch store) : IRunLists
{
    public async Task<RunPage> SearchRunsAsync(RunSearch search, CancellationToken cancellationToken)
    {
        var query = ListQuery.Of(search);
        var (rows, next) = query.Cut(
            await store.ListRunsAsync(query, cancellationToken), row => new ListPosition(row.CreatedAt, row.RunId));
        return new RunPage([.. rows.Select(row => row.ToSnapshot())], next);
    }

    public async Task<ThreadPage> SearchThreadsAsync(ThreadSearch search, CancellationToken cancellationToken)
    {
        var query = ListQuery.Of(search);
        var (rows, next) = query.Cut(
            await store.ListThreadsAsync(query, cancellationToken), row => new ListPosition(row.CreatedAt, row.ThreadId));
        return new ThreadPage([.. rows.Select(row => row with { Metadata = MetadataJson.ToJson(row.Metadata) })], next);
    }
}
