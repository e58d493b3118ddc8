using System.Runtime.ExceptionServices;
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
#pragma warning disable CA1001 // A source of tokens without a timer holds nothing that must be disposed of.
internal sealed class RunLog(
#pragma warning restore CA1001
    IThreadLogStore store, LogWriter writer, LogView view, TimeProvider time, RunInstruments instruments, IRunEvents? events = null)
{
    /// <summary>How many numbers an entry keeps free for what is told until the next one: no process ever comes near it.</summary>
    internal const long EventReserve = 1L << 32;

    private const int MaxTries = 5;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly List<LogRequest> _queue = [];
    private Task _pump = Task.CompletedTask;
    private readonly CancellationTokenSource _ended = new();
    private Exception? _failure;
    private Dictionary<string, LiveCheckpoint> _live = new(StringComparer.Ordinal);
    private int _sequence;
    private long _noBaseBelow;

    /// <summary>Gets what the log says after the newest append.</summary>
    internal LogView View { get; private set; } = view;

    /// <summary>Gets a token that is cancelled when the appender has ended: nothing handed in later becomes durable.</summary>
    internal CancellationToken Ended => _ended.Token;

    /// <summary>Throws what ended the appender, if anything did.</summary>
    internal void ThrowIfEnded()
    {
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Makes a namespace known that was read from the log, so that a base can repeat it.</summary>
    internal void Adopt(CompiledGraph graph, Checkpoint checkpoint, NamespaceView from) =>
        _live[checkpoint.Namespace] = new LiveCheckpoint(graph, checkpoint, from.RunId, from.At);

    /// <summary>Appends a checkpoint, with records that belong to the same entry in front of it.</summary>
    /// <returns>The durable checkpoint.</returns>
    internal async Task<Checkpoint> AppendAsync(
        CompiledGraph graph, string name, CheckpointDraft draft, IReadOnlyList<Telling> tellings, params LogRecord[] before)
    {
        var overtaken = _queue.Where(request => request.Writes?.Namespace == name).ToList();
        _queue.RemoveAll(overtaken.Contains);
        var request = new LogRequest
        {
            Graph = graph,
            Namespace = name,
            Draft = draft,
            Records = before,
            Overtaken = overtaken,
            Tellings = [.. tellings.Select(telling => telling.WithEnded(overtaken.SelectMany(writes => writes.Writes!.Tasks)))],
        };
        await EnqueueAsync(request);
        return request.Checkpoint!;
    }

    /// <summary>Hands in writes of a superstep that is still running.</summary>
    /// <returns>A task that completes when they are durable.</returns>
    internal Task AppendAsync(string name, string checkpointId, TaskWrites writes, bool isCached) =>
        EnqueueAsync(new LogRequest
        {
            Writes = new WritesLogRecord { Namespace = name, CheckpointId = checkpointId, Tasks = [writes] },
            Tellings = [Telling.Ended(name, writes, isCached)],
        });

    /// <summary>Appends records that need no checkpoint.</summary>
    internal Task AppendAsync(IReadOnlyList<Telling> tellings, params LogRecord[] records) =>
        EnqueueAsync(new LogRequest { Records = records, Tellings = tellings });

    private Task EnqueueAsync(LogRequest request)
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
                await AppendBatchAsync(batch);
            }
            catch (Exception exception)
            {
                // One failed append ends the appender: what was handed in later stands on it.
                _failure = exception;
                batch.Concat(_queue).ToList().ForEach(request => request.Complete(exception));
                _queue.Clear();
                // What hangs on the token is not the appender's business.
                _ = _ended.CancelAsync();
            }
        }
    }

    private async Task AppendBatchAsync(List<LogRequest> batch)
    {
        try
        {
            await AppendAsync(batch);
            batch.ForEach(request => request.Complete(null));
        }
        catch (LogEntryTooLargeException exception) when (batch.Count == 1)
        {
            // Nothing was sent, and nothing stands on it yet. The finished tasks of a checkpoint that is too large need not run again.
            foreach (var overtaken in batch[0].Overtaken)
            {
                await AppendBatchAsync([overtaken]);
            }

            batch[0].Complete(exception);
        }
        catch (LogEntryTooLargeException)
        {
            foreach (var request in batch)
            {
                await AppendBatchAsync([request]);
            }
        }
    }

    private async Task AppendAsync(List<LogRequest> requests)
    {
        var now = time.GetUtcNow();
        var at = now > View.At ? now : View.At;
        var batch = new LogBatch(requests, _live, writer.RunId, View.NextPosition, at);
        var entry = new LogEntry
        {
            AppendId = $"{writer.RunId}/{writer.Attempt}/{_sequence++}",
            RunId = writer.RunId,
            Attempt = writer.Attempt,
            At = at,
            NextEvent = View.NextEvent,
            Records = batch.Records,
        };
        if (events is null)
        {
            await AppendAsync(batch, entry, []);
            return;
        }

        var tellings = batch.Tellings;
        var isEnd = entry.Records.Any(record => record is EndLogRecord);
        var count = tellings.Sum(telling => telling.Count);
        var first = events.Reserve(count, isEnd);
        try
        {
            entry = entry with { NextEvent = first + count + (isEnd ? 0 : EventReserve), Events = new LogEvents { First = first } };
            var stored = await AppendAsync(batch, entry, tellings);
            events.Tell(first, [.. tellings.SelectMany(telling => telling.Expand(stored, View))]);
        }
        catch (LogEntryTooLargeException)
        {
            events.Abandon(first, count, isUnused: true);
            throw;
        }
        catch
        {
            // The entry may have become durable all the same, so that its numbers are not given again.
            events.Abandon(first, count, isUnused: false);
            throw;
        }
    }

    private async Task<LogEntry> AppendAsync(LogBatch batch, LogEntry entry, List<Telling> tellings)
    {
        var mustBeBase = View.NextPosition == 0 || batch.LeavesTheLineOf(View);
        if (mustBeBase || (BasePolicy.IsDue(View) && View.BytesSinceBase >= _noBaseBelow))
        {
            try
            {
                return await StoreAsync(batch, batch.ToBase(entry, View), tellings);
            }
            catch (LogEntryTooLargeException) when (!mustBeBase)
            {
                // The state has outgrown what one row may hold. Its changes have not, and a base was due for economy only.
                _noBaseBelow = View.BytesSinceBase * 2;
            }
        }

        return await StoreAsync(batch, entry, tellings);
    }

    private async Task<LogEntry> StoreAsync(LogBatch batch, LogEntry entry, List<Telling> tellings)
    {
        entry = Telling.Store(tellings, entry, View, isLean: false);
        try
        {
            return await StoreAsync(batch, entry);
        }
        catch (LogEntryTooLargeException) when (Telling.HasUpdates(entry))
        {
            // What was only added so that it can be told again must not decide whether a run goes on.
            return await StoreAsync(batch, Telling.Store(tellings, entry, View, isLean: true));
        }
    }

    private async Task<LogEntry> StoreAsync(LogBatch batch, LogEntry entry)
    {
        var position = View.NextPosition;
        var started = time.GetTimestamp();
        var outcome = await StoreAsync(position, entry);
        instruments.Appended(time.GetElapsedTime(started), outcome.IsAppended);
        if (!outcome.IsAppended)
        {
            throw new FencedException(writer.LogId, position);
        }

        View = View.With(position, entry, outcome.StoredBytes);
        _live = batch.LiveIn(View).ToDictionary(StringComparer.Ordinal);
        return entry;
    }

    private async Task<AppendOutcome> StoreAsync(long position, LogEntry entry)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await store.AppendAsync(writer.LogId, position, entry, CancellationToken.None);
            }
            catch (LogUnavailableException) when (attempt < MaxTries)
            {
                // The same append id again: if the first one arrived after all, it is recognised.
                await Task.Delay(RetryDelay * attempt, time);
            }
        }
    }
}
