using System.Collections.Immutable;
using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

/// <summary>Lists the catalog's rows page after page, each found by an index.</summary>
internal sealed class AdoRunSearch(IDatabase database) : IRunSearch
{
    /// <summary>The runs that show.</summary>
    internal static readonly ListTable Runs = new(CatalogSql.SelectSummary, "r.run_id", "r.status", CatalogSql.Visible);

    /// <summary>The threads.</summary>
    internal static readonly ListTable Threads = new(
        "select r.thread_id, r.graph, r.thread_status, r.metadata, r.created_at, r.updated_at from threads r ",
        "r.thread_id",
        "r.thread_status",
        Visible: null);

    // PostgreSQL finds the candidates by an index; the lines of the text then decide in both dialects.
    private const string PostgresCandidates = "r.metadata <> '{}' and r.metadata::jsonb @> @metadata::jsonb";

    public Task<ImmutableArray<RunSummary>> ListRunsAsync(ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(Runs, query, CatalogSql.ReadSummary, cancellationToken);

    public Task<ImmutableArray<ThreadSummary>> ListThreadsAsync(ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(Threads, query, ReadThread, cancellationToken);

    public Task<string?> FindMetadataAsync(string threadId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            connection => connection.ScalarAsync<string>("select metadata from threads where thread_id = @thread", ("thread", threadId)),
            cancellationToken);

    public async Task<bool> ReplaceMetadataAsync(
        string threadId, string known, string metadata, CancellationToken cancellationToken) =>
        // The time of the last change stays: it says since when an edit holds the slot.
        await database.ExecuteAsync(
            "update threads set metadata = @metadata where thread_id = @thread and metadata = @known",
            cancellationToken,
            ("metadata", metadata),
            ("thread", threadId),
            ("known", known)) == 1;

    /// <summary>Writes the statement of a page.</summary>
    internal (string Sql, (string Name, object? Value)[] Parameters) Compose(ListTable table, ListQuery query)
    {
        var conditions = new List<string>();
        var parameters = new List<(string Name, object? Value)>();
        void Add(string condition, params (string Name, object? Value)[] values)
        {
            conditions.Add(condition);
            parameters.AddRange(values);
        }

        if (table.Visible is { } visible)
        {
            Add(visible);
        }

        if (!query.Statuses.IsEmpty)
        {
            // The names are the program's own. As text of the statement they tell PostgreSQL how many rows to expect.
            Add($"{table.Status} in ({string.Join(", ", query.Statuses.Select(status => $"'{status}'"))})");
        }

        if (query.Graph is { } graph)
        {
            Add("r.graph = @graph", ("graph", graph));
        }

        if (query.ThreadId is { } thread)
        {
            Add("r.thread_id = @thread", ("thread", thread));
        }

        if (query.CreatedFrom is { } from)
        {
            Add("r.created_at >= @from", ("from", from));
        }

        if (query.CreatedTo is { } to)
        {
            Add("r.created_at < @to", ("to", to));
        }

        if (!query.MetadataLines.IsEmpty && database is PostgresDatabase)
        {
            Add(PostgresCandidates, ("metadata", query.Metadata));
        }

        foreach (var (index, line) in query.MetadataLines.Index())
        {
            Add($"replace(r.metadata, @line{index}, '') <> r.metadata", ($"line{index}", line));
        }

        var (direction, beyond) = query.Order == SearchOrder.NewestFirst ? (" desc", "<") : ("", ">");
        if (query.After is { } after)
        {
            Add($"(r.created_at, {table.Id}) {beyond} (@after, @id)", ("after", after.CreatedAt), ("id", after.Id));
        }

        parameters.Add(("limit", query.Limit + 1));
        var where = conditions.Count == 0 ? "" : $"where {string.Join(" and ", conditions)} ";
        return ($"{table.Select}{where}order by r.created_at{direction}, {table.Id}{direction} limit @limit", [.. parameters]);
    }

    private static ThreadSummary ReadThread(DbDataReader row) => new()
    {
        ThreadId = row.GetString(0),
        Graph = row.GetString(1),
        Status = WireName.Parse<ThreadStatus>(row.GetString(2)),
        Metadata = row.GetString(3),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(4),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(5),
    };

    private Task<ImmutableArray<T>> ListAsync<T>(
        ListTable table, ListQuery query, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var (sql, parameters) = Compose(table, query);
        return database.QueryAsync(sql, read, cancellationToken, parameters);
    }
}

/// <summary>A table that is listed, under the name "r".</summary>
/// <param name="Select">What is read.</param>
/// <param name="Id">The column that tells rows of one time apart.</param>
/// <param name="Status">The column of the status.</param>
/// <param name="Visible">The condition for a row to show at all.</param>
internal sealed record ListTable(string Select, string Id, string Status, string? Visible);
