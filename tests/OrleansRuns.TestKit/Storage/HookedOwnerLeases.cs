using System.Collections.Immutable;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Leases with hooks.</summary>
internal sealed class HookedOwnerLeases(IOwnerLeases inner, StoreHooks hooks) : IOwnerLeases
{
    public Task HoldAsync(
        RunOwner owner, ImmutableSortedDictionary<string, string> graphs, TimeSpan duration, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(HoldAsync), () => inner.HoldAsync(owner, graphs, duration, cancellationToken));

    public Task ReleaseAsync(RunOwner owner, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ReleaseAsync), () => inner.ReleaseAsync(owner, cancellationToken));

    public Task CordonAsync(RunOwner owner, bool isCordoned, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(CordonAsync), () => inner.CordonAsync(owner, isCordoned, cancellationToken));

    public Task<ImmutableArray<OwnerLease>> ListLiveAsync(CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListLiveAsync), () => inner.ListLiveAsync(cancellationToken));

    public Task<ImmutableArray<RunSummary>> ListDueAsync(DueRuns query, string? after, int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListDueAsync), () => inner.ListDueAsync(query, after, limit, cancellationToken));
}
