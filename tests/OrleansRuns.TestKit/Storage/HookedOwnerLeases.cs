using System.Collections.Immutable;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>The leases of owners, with hooks around the search for what nobody looks after.</summary>
public sealed class HookedOwnerLeases(IOwnerLeases inner, StoreHooks hooks) : IOwnerLeases
{
    /// <inheritdoc/>
    public Task HoldAsync(
        RunOwner owner, ImmutableSortedDictionary<string, string> graphs, TimeSpan duration, CancellationToken cancellationToken) =>
        inner.HoldAsync(owner, graphs, duration, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(RunOwner owner, CancellationToken cancellationToken) => inner.ReleaseAsync(owner, cancellationToken);

    /// <inheritdoc/>
    public Task CordonAsync(RunOwner owner, bool isCordoned, CancellationToken cancellationToken) =>
        inner.CordonAsync(owner, isCordoned, cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<OwnerLease>> ListLiveAsync(CancellationToken cancellationToken) => inner.ListLiveAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListDueAsync(
        DueRuns query, string? after, int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListDueAsync), () => inner.ListDueAsync(query, after, limit, cancellationToken));
}
