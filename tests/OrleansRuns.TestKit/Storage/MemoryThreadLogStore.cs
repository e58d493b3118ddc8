using System.Collections.Immutable;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Thread logs in memory, with every rule of the databases: the fence, the limit, and the bytes of the stored format.</summary>
/// <param name="options">The limits; the default ones when left out.</param>
/// <param name="codec">Transforms the stored bytes.</param>
public sealed class MemoryThreadLogStore(ThreadLogOptions? options = null, ILogPayloadCodec? codec = null) : IThreadLogStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedList<long, Row>> _logs = new(StringComparer.Ordinal);
    private readonly LogEntryFormat _format = new(options ?? new ThreadLogOptions(), codec);

    /// <summary>Gets how many entries were appended, repetitions and refusals not counted.</summary>
    public int Appends { get; private set; }

    /// <summary>Gets the bytes of all entries that were appended, as a database would store them.</summary>
    public long AppendedBytes { get; private set; }

    /// <inheritdoc/>
    public Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken)
    {
        AdoThreadLogStore.CheckLogId(logId);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentNullException.ThrowIfNull(entry);
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = _format.Write(entry, Place(logId, position));
        lock (_lock)
        {
            if (!_logs.TryGetValue(logId, out var log))
            {
                _logs[logId] = log = [];
            }

            if (log.Count > 0 && log.Keys[^1] >= position)
            {
                var isOwn = log.TryGetValue(position, out var row) && row.AppendId == entry.AppendId;
                return Task.FromResult(new AppendOutcome(isOwn, isOwn ? bytes.Length : 0));
            }

            log.Add(position, new Row(bytes, entry.IsBase, entry.AppendId));
            Appends++;
            AppendedBytes += bytes.Length;
            return Task.FromResult(new AppendOutcome(IsAppended: true, bytes.Length));
        }
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var rows = RowsOf(logId).Where(pair => position is null || pair.Key <= position).ToList();
            var start = rows.FindLastIndex(pair => pair.Value.IsBase);
            var exists = start >= 0 && (position is null || rows[^1].Key == position);
            return Task.FromResult(exists ? Read(logId, rows.Skip(start)) : []);
        }
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult(Read(logId, RowsOf(logId).Where(pair => pair.Key >= from).Take(limit)));
        }
    }

    /// <inheritdoc/>
    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var rows = RowsOf(logId).ToList();
            var floor = rows.FindLast(pair => pair.Value.IsBase && pair.Key <= below);
            return Task.FromResult(floor.Value is null ? 0 : rows.Count(pair => pair.Key < floor.Key && _logs[logId].Remove(pair.Key)));
        }
    }

    /// <summary>Puts bytes where an entry stands, as a broken disk or another program would.</summary>
    /// <param name="logId">The log.</param>
    /// <param name="position">The position of the entry.</param>
    /// <param name="bytes">What stands there from now on.</param>
    public void Overwrite(string logId, long position, byte[] bytes)
    {
        lock (_lock)
        {
            _logs[logId][position] = _logs[logId][position] with { Bytes = bytes };
        }
    }

    private static string Place(string logId, long position) => $"position {position} of log '{logId}'";

    private SortedList<long, Row> RowsOf(string logId) => _logs.TryGetValue(logId, out var log) ? log : [];

    // Read anew each time, so that no two readers share what only one of them should see changed.
    private ImmutableArray<StoredEntry> Read(string logId, IEnumerable<KeyValuePair<long, Row>> rows) =>
    [
        .. rows.Select(pair => new StoredEntry(
            pair.Key, _format.Read(pair.Value.Bytes, Place(logId, pair.Key)), pair.Value.Bytes.Length)),
    ];

    private sealed record Row(byte[] Bytes, bool IsBase, string AppendId);
}
