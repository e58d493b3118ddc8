using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using OrleansRuns.Runtime;
using static OrleansRuns.AdoNet.CatalogSql;

namespace OrleansRuns.AdoNet;

/// <summary>The leases in SQL. A server's own clock decides what has expired; a file's silo is the only one and has its own.</summary>
internal sealed class AdoOwnerLeases(IDatabase database, TimeProvider time) : IOwnerLeases
{
    /// <summary>How long an expired lease is kept for an operator to see.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    public Task HoldAsync(
        RunOwner owner, ImmutableSortedDictionary<string, string> graphs, TimeSpan duration, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"delete from silo_leases where expires_at < {Later("old", -Kept)}; "
            + "insert into silo_leases (owner, cluster_id, graphs, started_at, renewed_at, expires_at) "
            + $"values (@owner, @cluster, @graphs, {database.Now}, {database.Now}, {Later("expires", duration)}) "
            + "on conflict (owner) do update set "
            + "graphs = excluded.graphs, renewed_at = excluded.renewed_at, expires_at = excluded.expires_at",
            cancellationToken,
            ("owner", owner.ToString()),
            ("cluster", owner.ClusterId),
            ("graphs", JsonSerializer.Serialize(graphs)),
            ("now", time.GetUtcNow()),
            ("old", time.GetUtcNow() - Kept),
            ("expires", time.GetUtcNow() + duration));

    public Task ReleaseAsync(RunOwner owner, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from silo_leases where owner = @owner", cancellationToken, ("owner", owner.ToString()));

    public Task CordonAsync(RunOwner owner, bool isCordoned, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            "update silo_leases set cordoned = @cordoned where owner = @owner",
            cancellationToken,
            ("owner", owner.ToString()),
            ("cordoned", isCordoned));

    public Task<ImmutableArray<OwnerLease>> ListLiveAsync(CancellationToken cancellationToken) =>
        database.QueryAsync(
            $"select owner, graphs, started_at, cordoned from silo_leases where expires_at > {database.Now} order by owner",
            row => new OwnerLease(
                RunOwner.TryParse(row.GetString(0), out var owner)
                    ? owner
                    : throw new InvalidDataException($"The table silo_leases holds '{row.GetString(0)}', which is no owner."),
                JsonSerializer.Deserialize<ImmutableSortedDictionary<string, string>>(row.GetString(1))!,
                row.GetFieldValue<DateTimeOffset>(2))
            {
                IsCordoned = row.GetBoolean(3),
            },
            cancellationToken,
            ("now", time.GetUtcNow()));

    public Task<ImmutableArray<RunSummary>> ListDueAsync(DueRuns query, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        var (sql, parameters) = Due(query, after, limit);
        return database.QueryAsync(sql, ReadSummary, cancellationToken, parameters);
    }

    /// <summary>Writes the statement that finds due runs.</summary>
    internal (string Sql, (string Name, object? Value)[] Parameters) Due(DueRuns query, string? after, int limit)
    {
        var live = query.Live.Select((owner, index) => ($"live{index}", (object?)owner.ToString())).ToList();
        var isLive = live.Count == 0 ? "false" : $"l.owner in ({string.Join(", ", live.Select(one => "@" + one.Item1))})";
        // Leases are read by the same statement as the runs: a silo that comes up in between is seen with what it has claimed.
        var lease = $"exists (select 1 from silo_leases l where l.owner = r.owner and l.expires_at > {database.Now} and ";
        return (
            SelectSummary
            + $"where r.run_id > @after and {NotFinal} and "
            + "(case when r.owner is null then r.status <> 'pending' "
            + (query.IncludesOwn ? "when r.owner = @self then true " : "")
            + $"else not {lease} (l.cluster_id <> @cluster or {isLive})) end "
            + $"or (r.cancel_action is not null and not {lease} l.cluster_id <> @cluster))) "
            + "order by r.run_id limit @limit",
            [
                .. live,
                ("after", after ?? ""),
                ("limit", limit),
                ("self", query.Self.ToString()),
                ("cluster", query.Self.ClusterId),
                ("now", time.GetUtcNow()),
            ]);
    }

    /// <summary>Renders the moment that is a time from now: by the server's clock, or as a parameter that this program computes.</summary>
    private string Later(string parameter, TimeSpan span) =>
        database.HasClock
            ? string.Create(CultureInfo.InvariantCulture, $"{database.Now} + interval '{span.TotalMilliseconds} milliseconds'")
            : "@" + parameter;
}
