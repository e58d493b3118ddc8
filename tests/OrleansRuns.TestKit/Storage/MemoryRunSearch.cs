using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Lists the rows of a catalog in memory, with every rule of the databases.</summary>
/// <param name="catalog">The catalog.</param>
public sealed class MemoryRunSearch(MemoryRunCatalog catalog) : IRunSearch
{
    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListRunsAsync(ListQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Task.FromResult(Page(
            catalog.Runs(),
            query,
            row => new Listed(WireName.Of(row.Status), row.Graph, row.ThreadId, row.Metadata, new(row.CreatedAt, row.RunId))));
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<ThreadSummary>> ListThreadsAsync(ListQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Task.FromResult(Page(
            catalog.Threads(),
            query,
            row => new Listed(WireName.Of(row.Status), row.Graph, row.ThreadId, row.Metadata, new(row.CreatedAt, row.ThreadId))));
    }

    /// <inheritdoc/>
    public Task<string?> FindMetadataAsync(string threadId, CancellationToken cancellationToken) =>
        Task.FromResult(catalog.Threads().FirstOrDefault(thread => thread.ThreadId == threadId)?.Metadata);

    /// <inheritdoc/>
    public Task<bool> ReplaceMetadataAsync(string threadId, string known, string metadata, CancellationToken cancellationToken) =>
        Task.FromResult(catalog.ReplaceMetadata(threadId, known, metadata));

    private static ImmutableArray<T> Page<T>(ImmutableArray<T> rows, ListQuery query, Func<T, Listed> see)
    {
        var fitting = rows.Select(row => (Row: row, Seen: see(row))).Where(one => Fits(query, one.Seen)).Order(
            Comparer<(T Row, Listed Seen)>.Create((one, other) => Compare(query, one.Seen.Position, other.Seen.Position)));
        return [.. fitting.Select(one => one.Row).Take(query.Limit + 1)];
    }

    private static bool Fits(ListQuery query, Listed row) =>
        (query.Statuses.IsEmpty || query.Statuses.Contains(row.Status))
        && (query.Graph is null || query.Graph == row.Graph)
        && (query.ThreadId is null || query.ThreadId == row.ThreadId)
        && (query.CreatedFrom is null || row.Position.CreatedAt >= query.CreatedFrom)
        && (query.CreatedTo is null || row.Position.CreatedAt < query.CreatedTo)
        && query.MetadataLines.All(line => row.Metadata.Contains(line, StringComparison.Ordinal))
        && (query.After is null || Compare(query, row.Position, query.After) > 0);

    private static int Compare(ListQuery query, ListPosition one, ListPosition other)
    {
        var order = one.CreatedAt.CompareTo(other.CreatedAt) is not 0 and var byTime ? byTime : string.CompareOrdinal(one.Id, other.Id);
        return query.Order == SearchOrder.NewestFirst ? -order : order;
    }

    private sealed record Listed(string Status, string Graph, string ThreadId, string Metadata, ListPosition Position);
}
