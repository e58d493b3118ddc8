using System.Collections.Immutable;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Thread logs with hooks.</summary>
internal sealed class HookedThreadLogStore(IThreadLogStore inner, StoreHooks hooks) : IThreadLogStore
{
    public Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(AppendAsync), () => inner.AppendAsync(logId, position, entry, cancellationToken));

    public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ReadLineAsync), () => inner.ReadLineAsync(logId, position, cancellationToken));

    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ReadPageAsync), () => inner.ReadPageAsync(logId, from, limit, cancellationToken));

    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(PruneAsync), () => inner.PruneAsync(logId, below, cancellationToken));
}
