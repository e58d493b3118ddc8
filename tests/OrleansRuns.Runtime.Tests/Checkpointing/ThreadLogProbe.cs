using System.Collections.Immutable;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Counts the round trips to a log, and lets others come first.</summary>
internal sealed class ThreadLogProbe(IThreadLogStore store) : IThreadLogStore
{
    internal int Reads { get; private set; }

    internal int Appends { get; private set; }

    /// <summary>Gets the bytes that the rows of all appended entries take in the database.</summary>
    internal long AppendedBytes { get; private set; }

    /// <summary>Gets or sets what happens before an append arrives.</summary>
    internal Func<LogEntry, Task> Appending { get; set; } = _ => Task.CompletedTask;

    public async Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken)
    {
        Appends++;
        await Appending(entry);
        var outcome = await store.AppendAsync(logId, position, entry, cancellationToken);
        AppendedBytes += outcome.StoredBytes;
        return outcome;
    }

    public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken)
    {
        Reads++;
        return store.ReadLineAsync(logId, position, cancellationToken);
    }

    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken)
    {
        Reads++;
        return store.ReadPageAsync(logId, from, limit, cancellationToken);
    }

    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
        store.PruneAsync(logId, below, cancellationToken);
}
