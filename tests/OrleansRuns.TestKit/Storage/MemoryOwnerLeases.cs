using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Leases in memory, with every rule of the databases.</summary>
public sealed class MemoryOwnerLeases : IOwnerLeases
{
    private readonly ConcurrentDictionary<string, (OwnerLease Lease, DateTimeOffset ExpiresAt)> _leases = new(StringComparer.Ordinal);
    private readonly MemoryRunCatalog _catalog;
    private readonly TimeProvider _time;

    /// <summary>Makes the leases of the silos that use a catalog.</summary>
    /// <param name="catalog">The catalog, which asks them before it gives a run to anybody.</param>
    /// <param name="time">The clock; the system's when left out.</param>
    public MemoryOwnerLeases(MemoryRunCatalog catalog, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        _catalog = catalog;
        _time = time ?? TimeProvider.System;
        catalog.IsForeign = (run, cluster) => run.Owner is null
            ? run.ClusterId != cluster
                && _leases.Values.Any(held => held.Lease.Owner.ClusterId == run.ClusterId && IsLive(held.ExpiresAt))
            : FindLive(run.Owner) is { } lease && lease.Owner.ClusterId != cluster;
    }

    /// <inheritdoc/>
    public Task HoldAsync(
        RunOwner owner, ImmutableSortedDictionary<string, string> graphs, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var now = _time.GetUtcNow();
        _leases.AddOrUpdate(
            owner.ToString(),
            _ => (new OwnerLease(owner, graphs, now), now + duration),
            (_, held) => (held.Lease with { Graphs = graphs }, now + duration));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(RunOwner owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(owner);
        _leases.TryRemove(owner.ToString(), out _);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CordonAsync(RunOwner owner, bool isCordoned, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(owner);
        while (_leases.TryGetValue(owner.ToString(), out var held)
            && !_leases.TryUpdate(owner.ToString(), (held.Lease with { IsCordoned = isCordoned }, held.ExpiresAt), held))
        {
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<OwnerLease>> ListLiveAsync(CancellationToken cancellationToken) =>
        Task.FromResult<ImmutableArray<OwnerLease>>(
        [
            .. _leases.OrderBy(pair => pair.Key, StringComparer.Ordinal).Where(pair => IsLive(pair.Value.ExpiresAt))
                .Select(pair => pair.Value.Lease),
        ]);

    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListDueAsync(
        DueRuns query, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return Task.FromResult<ImmutableArray<RunSummary>>(
        [
            .. _catalog.Runs()
                .Where(row => !row.IsFinal && string.CompareOrdinal(row.RunId, after ?? "") > 0 && IsDue(query, row))
                .Take(limit),
        ]);
    }

    private bool IsDue(DueRuns query, RunSummary row)
    {
        var lease = FindLive(row.Owner);
        var isForeign = lease is not null && lease.Owner.ClusterId != query.Self.ClusterId;
        if (row.CancelAction is not null && !isForeign)
        {
            return true;
        }

        return row.Owner is null ? row.Status != Abstractions.RunStatus.Pending
            : (query.IncludesOwn && row.Owner == query.Self.ToString())
                || !(isForeign || (lease is not null && query.Live.Contains(lease.Owner)));
    }

    private OwnerLease? FindLive(string? owner) =>
        owner is not null && _leases.TryGetValue(owner, out var found) && IsLive(found.ExpiresAt) ? found.Lease : null;

    private bool IsLive(DateTimeOffset expiresAt) => expiresAt > _time.GetUtcNow();
}
