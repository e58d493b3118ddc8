using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Tells a turn when its run got on.</summary>
internal sealed class WatchedLogStore(IThreadLogStore inner, SuspectTurn turn) : IThreadLogStore
{
    public async Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken)
    {
        var outcome = await inner.AppendAsync(logId, position, entry, cancellationToken);
        if (outcome.IsAppended && LogView.IsProgress(entry))
        {
            turn.Share();
        }

        return outcome;
    }

    public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
        inner.ReadLineAsync(logId, position, cancellationToken);

    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken) =>
        inner.ReadPageAsync(logId, from, limit, cancellationToken);

    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
        inner.PruneAsync(logId, below, cancellationToken);
}
