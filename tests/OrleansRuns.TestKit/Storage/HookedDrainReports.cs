using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Drain reports with hooks.</summary>
internal sealed class HookedDrainReports(IDrainReports inner, StoreHooks hooks) : IDrainReports
{
    public Task SaveAsync(DrainReport report, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(SaveAsync), () => inner.SaveAsync(report, cancellationToken));

    public Task<ImmutableArray<DrainReport>> ListAsync(int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListAsync), () => inner.ListAsync(limit, cancellationToken));
}
