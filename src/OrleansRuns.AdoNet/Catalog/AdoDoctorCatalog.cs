using System.Collections.Immutable;
using OrleansRuns.Runtime;
using static OrleansRuns.AdoNet.CatalogSql;

namespace OrleansRuns.AdoNet;

internal sealed class AdoDoctorCatalog(IDatabase database) : IDoctorCatalog
{
    public Task<ImmutableArray<ThreadRow>> ListThreadsAsync(string? after, int limit, CancellationToken cancellationToken) =>
        database.QueryAsync(
            SelectThread + "where thread_id > @after order by thread_id limit @limit",
            ReadThread,
            cancellationToken,
            ("after", after ?? ""),
            ("limit", limit));

    public Task<ImmutableArray<RunSummary>> ListRunsAsync(
        string threadId, string? after, int limit, CancellationToken cancellationToken) =>
        database.QueryAsync(
            SelectSummary + "where r.thread_id = @thread and r.run_id > @after order by r.run_id limit @limit",
            ReadSummary,
            cancellationToken,
            ("thread", threadId),
            ("after", after ?? ""),
            ("limit", limit));

    public async Task<StoredRest?> FindRestAsync(string threadId, CancellationToken cancellationToken) =>
        (await database.QueryAsync(
            "select epoch, asks, planned_by, rest from threads where thread_id = @thread and holder is null",
            row => new StoredRest(
                row.GetInt64(0), new ThreadRest(row.GetBoolean(1), row.IsDBNull(2) ? null : row.GetString(2)), row.GetString(3)),
            cancellationToken,
            ("thread", threadId))).FirstOrDefault();
}
