using System.Collections.Immutable;
using System.Data.Common;
using OrleansRuns.Runtime;
using static OrleansRuns.AdoNet.CatalogSql;

namespace OrleansRuns.AdoNet;

internal sealed class AdoDoctorCatalog(IDatabase database) : IDoctorCatalog
{
    public Task<ImmutableArray<ThreadRow>> ListThreadsAsync(string? after, int limit, CancellationToken cancellationToken) =>
        LookAsync(
            SelectThread + "where thread_id > @after order by thread_id limit @limit",
            ReadThread,
            cancellationToken,
            ("after", after ?? ""),
            ("limit", limit));

    public Task<ImmutableArray<RunRow>> ListRunsAsync(
        string threadId, string? after, int limit, CancellationToken cancellationToken) =>
        LookAsync(
            SelectRun + "where r.thread_id = @thread and r.run_id > @after order by r.run_id limit @limit",
            ReadRun,
            cancellationToken,
            ("thread", threadId),
            ("after", after ?? ""),
            ("limit", limit));

    private Task<ImmutableArray<T>> LookAsync<T>(
        string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters) =>
        database.ReadAsync(async () =>
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            return await connection.QueryAsync(sql, read, parameters);
        });
}
