using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Another writer has taken the thread over. Whoever sees it must write nothing more, no status either.</summary>
internal sealed class FencedException(string logId, long position)
    : Exception($"Position {position} of log '{logId}' belongs to another writer.");

/// <summary>Who writes to a log.</summary>
/// <param name="LogId">The log.</param>
/// <param name="RunId">The run, or the edit.</param>
/// <param name="Attempt">The number of the attempt, from 1.</param>
internal sealed record LogWriter(string LogId, string RunId, int Attempt);

/// <summary>The one appender of a run: turns what its graphs hand in into entries, one append at a time.</summary>
/// <remarks>
/// What is handed in while an append is under way goes into the next entry together. Pending writes that their checkpoint overtakes are
/// never written. Everything runs on the scheduler of the run's grain, one thing at a time.
/// </remarks>
internal sealed class RunLog(
    IThreadLogStore store, LogWriter writer, LogView view, TimeProvider time, RunInstruments instruments, Func<long> nextEvent)
{
    private const int MaxTries = 5;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, LiveCheckpoint> _live = new(StringComparer.Ordinal);
    private readonly List<Request> _queue = [];
    private Task _pump = Task.CompletedTask;
    private Exception? _failure;
    private int _sequence;

    /// <summary>Gets what the log says after the newest append.</summary>
    internal LogView View { get; private set; } = view;

    /// <summary>
    /// Gets an appender that goes on from what is durable: after an entry that could not be written, the end of the run still can.
    /// </summary>
    internal RunLog Renewed()
    {
        var renewed = new RunLog(store, writer, View, time, instruments, nextEvent) { _sequence = _sequence };
        foreach (var (name, live) in _live)
        {
            renewed._live.Add(name, live);
        }

        return renewed;
    }

    /// <summary>Makes a namespace known that was read from the log, so that a base can repeat it.</summary>
    internal void Adopt(CompiledGraph graph, Checkpoint checkpoint, NamespaceView from) =>
        _live[checkpoint.Namespace] = new LiveCheckpoint(graph, checkpoint, from.RunId, from.At);

    /// <summary>Appends a checkpoint, with records that belong to the same entry in front of it.</summary>
    /// <returns>The durable checkpoint.</returns>
    internal async Task<Checkpoint> AppendAsync(CompiledGraph graph, string name, CheckpointDraft draft, params LogRecord[] before)
    {
        var overtaken = _queue.Where(request => request.Writes?.Namespace == name).ToList();
        _queue.RemoveAll(overtaken.Contains);
        var request = new Request { Graph = graph, Namespace = name, Draft = draft, Records = before, Overtaken = overtaken };
        await EnqueueAsync(request);
        return request.Checkpoint!;
    }

    /// <summary>Hands in writes of a superstep that is still running.</summary>
    /// <returns>A task that completes when they are durable.</returns>
    internal Task AppendAsync(string name, string checkpointId, TaskWrites writes) =>
        EnqueueAsync(new Request
        {
            Writes = new WritesLogRecord { Namespace = name, CheckpointId = checkpointId, Tasks = [writes] },
        });

    /// <summary>Appends records that need no checkpoint.</summary>
    internal Task AppendAsync(params LogRecord[] records) => EnqueueAsync(new Request { Records = records });

    private Task EnqueueAsync(Request request)
    {
        if (_failure is not null)
        {
            return Task.FromException(_failure);
        }

        _queue.Add(request);
        if (_pump.IsCompleted)
        {
            _pump = PumpAsync();
        }

        return request.Done;
    }

    private async Task PumpAsync()
    {
        // Lets everything that is handed in by the same turn go into the first entry.
        await Task.Yield();
        while (_queue.Count > 0)
        {
            var batch = _queue.ToList();
            _queue.Clear();
            try
            {
                await AppendAsync(batch);
                batch.ForEach(request => request.Complete(null));
            }
            catch (Exception exception)
            {
                // One failed append ends the appender: what was handed in later stands on it.
                _failure = exception;
                batch.Concat(_queue).ToList().ForEach(request => request.Complete(exception));
                _queue.Clear();
            }
        }
    }

    private async Task AppendAsync(List<Request> batch)
    {
        var position = View.NextPosition;
        var now = time.GetUtcNow();
        var at = now > View.At ? now : View.At;
        var staged = Stage(batch, position, at);
        var entry = new LogEntry
        {
            AppendId = $"{writer.RunId}/{writer.Attempt}/{_sequence++}",
            RunId = writer.RunId,
            Attempt = writer.Attempt,
            At = at,
            NextEvent = nextEvent(),
            Records = [.. batch.SelectMany(request => request.ToRecords(full: false))],
        };
        if (BasePolicy.IsDue(View) || batch.Any(LeavesTheLine))
        {
            entry = entry with { IsBase = true, Records = Repeat(staged, batch, entry) };
        }

        var started = time.GetTimestamp();
        var outcome = await AppendAsync(position, entry);
        instruments.Appended(time.GetElapsedTime(started), outcome.IsAppended);
        View = View.With(position, entry, outcome.StoredBytes);
        _live.Clear();
        foreach (var (name, live) in staged.Where(pair => View.Namespaces.ContainsKey(pair.Key)))
        {
            _live[name] = live;
        }
    }

    private async Task<AppendOutcome> AppendAsync(long position, LogEntry entry)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var outcome = await store.AppendAsync(writer.LogId, position, entry, CancellationToken.None);
                return outcome.IsAppended ? outcome : throw new FencedException(writer.LogId, position);
            }
            catch (LogUnavailableException) when (attempt < MaxTries)
            {
                // The same append id again: if the first one arrived after all, it is recognised.
                await Task.Delay(RetryDelay * attempt, time);
            }
        }
    }

    private Dictionary<string, LiveCheckpoint> Stage(List<Request> batch, long position, DateTimeOffset at)
    {
        var staged = new Dictionary<string, LiveCheckpoint>(_live, StringComparer.Ordinal);
        foreach (var (place, request) in batch.Index().Where(pair => pair.Item.Draft is not null))
        {
            request.Id = CheckpointId.Create(at, position, place);
            request.Checkpoint = request.Draft!.Commit(request.Id);
            staged[request.Namespace] = new LiveCheckpoint(request.Graph!, request.Checkpoint, writer.RunId, at);
        }

        return staged;
    }

    /// <summary>Tells whether a checkpoint does not follow the newest one of its namespace.</summary>
    private bool LeavesTheLine(Request request) =>
        request.Checkpoint is { } checkpoint
        && View.Namespaces.TryGetValue(request.Namespace, out var present)
        && checkpoint.ParentId != present.CheckpointId;

    /// <summary>Renders a base: all that is alive after the entry, in full.</summary>
    private ImmutableArray<LogRecord> Repeat(Dictionary<string, LiveCheckpoint> staged, List<Request> batch, LogEntry entry)
    {
        // A namespace's first record is always full, so that the view of the entry can be taken before it is a base.
        var after = View.With(View.NextPosition, entry, bytes: 0);
        var records = ImmutableArray.CreateBuilder<LogRecord>();
        if (after.Claim is { } claim)
        {
            records.Add(claim);
        }

        foreach (var name in after.Namespaces.Keys)
        {
            var own = batch.LastOrDefault(request => request.Draft is not null && request.Namespace == name);
            records.Add(own?.ToCheckpoint(full: true) ?? staged[name].Repeat());
        }

        records.AddRange(after.Namespaces.Where(pair => !pair.Value.Writes.IsEmpty).Select(pair => new WritesLogRecord
        {
            Namespace = pair.Key,
            CheckpointId = pair.Value.CheckpointId,
            Tasks = [.. pair.Value.Writes.Values],
        }));
        if (after.End is { } end)
        {
            records.Add(end);
        }

        return records.ToImmutable();
    }

    private sealed record LiveCheckpoint(CompiledGraph Graph, Checkpoint Checkpoint, string RunId, DateTimeOffset At)
    {
        internal CheckpointLogRecord Repeat() => new()
        {
            Namespace = Checkpoint.Namespace,
            Checkpoint = Graph.ToFullRecord(Checkpoint),
            RunId = RunId,
            At = At,
        };
    }

    private sealed class Request
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal CompiledGraph? Graph { get; init; }

        internal string Namespace { get; init; } = "";

        internal CheckpointDraft? Draft { get; init; }

        internal WritesLogRecord? Writes { get; init; }

        internal IReadOnlyList<LogRecord> Records { get; init; } = [];

        /// <summary>Gets the writes that the checkpoint holds, which need not be written any more.</summary>
        internal IReadOnlyList<Request> Overtaken { get; init; } = [];

        internal string? Id { get; set; }

        internal Checkpoint? Checkpoint { get; set; }

        internal Task Done => _done.Task;

        internal IEnumerable<LogRecord> ToRecords(bool full)
        {
            foreach (var record in Records)
            {
                yield return record;
            }

            if (Writes is not null)
            {
                yield return Writes;
            }

            if (Draft is not null)
            {
                yield return ToCheckpoint(full);
            }
        }

        internal CheckpointLogRecord ToCheckpoint(bool full) => new()
        {
            Namespace = Namespace,
            Checkpoint = Draft!.ToRecord(Id!, full || Checkpoint!.ParentId is null),
        };

        internal void Complete(Exception? failure)
        {
            foreach (var request in Overtaken)
            {
                request.Complete(failure);
            }

            if (failure is null)
            {
                _done.TrySetResult();
            }
            else
            {
                _done.TrySetException(failure);
            }
        }
    }
}
