using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Reads threads from their logs.</summary>
/// <remarks>What a run that was rolled back has appended is not part of its thread: it is passed over everywhere.</remarks>
internal sealed class ThreadReader(IThreadLogStore log, IRunCatalog catalog, GraphRegistry graphs)
{
    private const int PageSize = 64;

    /// <summary>Finds the state at a checkpoint and what its tasks have written since.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="checkpointId">The checkpoint; <see langword="null"/> for the newest.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The state, or <see langword="null"/> when there is no such checkpoint.</returns>
    /// <exception cref="InvalidDataException">The log cannot be read, or the state does not fit the graph as it is here.</exception>
    internal Task<ThreadPoint?> FindAsync(ThreadRow thread, string? checkpointId, CancellationToken cancellationToken) =>
        UnreadableThread.ToldAsync(thread, () => FindAsync(thread, graphs.Get(thread.Graph), checkpointId, cancellationToken));

    private async Task<ThreadPoint?> FindAsync(
        ThreadRow thread, CompiledGraph graph, string? checkpointId, CancellationToken cancellationToken)
    {
        if (checkpointId is null)
        {
            return Point(graph, LogView.Of(await log.ReadLineAsync(thread.LogId, null, cancellationToken)));
        }

        if (await FindViewAsync(thread.ThreadId, thread.LogId, checkpointId, cancellationToken) is not var (view, gone))
        {
            return null;
        }

        var (written, isFollowed) = await WithWritesAfterAsync(thread.LogId, view, gone, cancellationToken);
        return Point(graph, written) is { } point ? point with { IsFollowed = isFollowed } : null;
    }

    /// <summary>Loads a checkpoint of the graph that a run executes, from the run's thread.</summary>
    /// <returns>The checkpoint, or <see langword="null"/> when there is none.</returns>
    internal async Task<Checkpoint?> LoadAsync(
        RunRow run, CompiledGraph graph, string checkpointId, CancellationToken cancellationToken) =>
        await FindViewAsync(run.ThreadId, run.LogId, checkpointId, cancellationToken) is ({ Root: { } root }, _)
            ? graph.Load("", root.Line)
            : null;

    /// <summary>Reads the states of a thread, newest first.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="before">The checkpoint to start below; <see langword="null"/> for the newest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="Abstractions.CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="InvalidDataException">The log cannot be read, or a state does not fit the graph as it is here.</exception>
    internal Task<IReadOnlyList<ThreadPoint>> ReadHistoryAsync(
        ThreadRow thread, string? before, int limit, CancellationToken cancellationToken) =>
        UnreadableThread.ToldAsync(thread, () => ReadHistoryAsync(thread, graphs.Get(thread.Graph), before, limit, cancellationToken));

    private async Task<IReadOnlyList<ThreadPoint>> ReadHistoryAsync(
        ThreadRow thread, CompiledGraph graph, string? before, int limit, CancellationToken cancellationToken)
    {
        var found = new List<ThreadPoint>();
        long? end = null;
        if (before is not null)
        {
            _ = await FindViewAsync(thread.ThreadId, thread.LogId, before, cancellationToken)
                ?? throw new Abstractions.CheckpointNotFoundException(thread.ThreadId, before);
            end = CheckpointId.PositionOf(before) - 1;
        }

        // One query a line; a line's first checkpoint may only repeat the last one of the line before it.
        ThreadPoint? repeated = null;
        while (found.Count < limit && end is not < 0)
        {
            var line = await log.ReadLineAsync(thread.LogId, end, cancellationToken);
            if (line.IsEmpty)
            {
                break;
            }

            var points = Points(graph, line, isFollowed: end is not null).Reverse().ToList();
            if (repeated is not null && points.FirstOrDefault() is { } original && original.Checkpoint.Id == repeated.Checkpoint.Id)
            {
                // The newer line has what its tasks wrote since.
                points[0] = repeated with { RunId = original.RunId, At = original.At, IsRepeated = original.IsRepeated };
            }

            repeated = points.LastOrDefault() is { IsRepeated: true } last ? last : null;
            found.AddRange(repeated is null ? points : points.SkipLast(1));
            end = (line[0].Entry.Supersedes ?? line[0].Position) - 1;
        }

        return [.. found.Concat(repeated is null ? [] : [repeated]).Take(limit)];
    }

    /// <summary>Finds how a run ended.</summary>
    /// <returns>What follows its last event, or <see langword="null"/> when the log has no entry of it.</returns>
    internal async Task<RunEndPoint?> FindEndAsync(RunRow run, CancellationToken cancellationToken)
    {
        var line = await FindLastLineAsync(run, null, cancellationToken);
        if (line.IsEmpty)
        {
            return null;
        }

        var last = line[^1].Entry;
        var point = last.Events is null && graphs.Find(run.Graph) is { } graph ? Point(graph, LogView.Of(line)) : null;
        return new RunEndPoint(last.NextEvent, point?.Checkpoint, point?.Graph.ToJson(point.Checkpoint).ToJsonString());
    }

    /// <summary>Finds the newest entry of a run, from the newest of its thread downwards.</summary>
    /// <param name="run">The run.</param>
    /// <param name="end">A position at or above which the log has no entry of the run but this one, if one is known.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The newest entry and all that is needed to rebuild it, oldest first; empty when the log has none.</returns>
    internal async Task<ImmutableArray<StoredEntry>> FindLastLineAsync(RunRow run, long? end, CancellationToken cancellationToken)
    {
        while (end is not < 0)
        {
            var line = await log.ReadLineAsync(run.LogId, end, cancellationToken);
            if (line.IsEmpty)
            {
                break;
            }

            if (line.LastOrDefault(stored => stored.Entry.RunId == run.RunId) is { } last)
            {
                return [.. line.TakeWhile(stored => stored.Position <= last.Position)];
            }

            end = line[0].Position - 1;
        }

        return [];
    }

    /// <summary>Tells whether a writer has appended to a log, looking no further back than need be.</summary>
    /// <param name="logId">The log.</param>
    /// <param name="writer">The run, or the edit.</param>
    /// <param name="since">When it can have begun to, at the earliest.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    internal async Task<bool> HasWrittenAsync(string logId, string writer, DateTimeOffset since, CancellationToken cancellationToken)
    {
        for (long? end = null; end is not < 0;)
        {
            var line = await log.ReadLineAsync(logId, end, cancellationToken);
            if (line.Any(stored => stored.Entry.RunId == writer))
            {
                return true;
            }

            if (line.IsEmpty || line[0].Entry.At < since)
            {
                break;
            }

            end = line[0].Position - 1;
        }

        return false;
    }

    private static ThreadPoint? Point(CompiledGraph graph, LogView view) =>
        view.Root is not { } root ? null : Point(graph, view, graph.Load("", root.Line));

    private static ThreadPoint Point(CompiledGraph graph, LogView view, Checkpoint checkpoint) => new()
    {
        Graph = graph,
        Checkpoint = checkpoint,
        Pending =
        [
            .. view.Namespaces.SelectMany(pair => pair.Value.Writes.Values.Select(writes => new PendingTask(pair.Key, writes))),
        ],
        RunId = view.Root!.RunId,
        At = view.Root.At,
        IsRepeated = view.Root.IsRepeated,
    };

    /// <summary>Walks a line and stops at each checkpoint of the run's own graph, with all that was written before the next.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="line">The line.</param>
    /// <param name="isFollowed">Whether a later checkpoint follows behind the line.</param>
    private static IEnumerable<ThreadPoint> Points(CompiledGraph graph, ImmutableArray<StoredEntry> line, bool isFollowed)
    {
        var view = LogView.Empty;
        Checkpoint? present = null;
        foreach (var stored in line)
        {
            var next = view.With(stored.Position, stored.Entry, stored.StoredBytes);
            if (next.Root?.CheckpointId != view.Root?.CheckpointId)
            {
                if (present is not null)
                {
                    yield return Point(graph, view, present) with { IsFollowed = true };
                }

                // The step from the checkpoint before is enough: loading the whole line for each would be quadratic.
                present = present is null || next.Root!.Line.Count == 1
                    ? graph.Load("", next.Root!.Line)
                    : graph.Load("", [graph.ToFullRecord(present), next.Root.Line[^1]]);
            }

            view = next;
        }

        if (present is not null)
        {
            yield return Point(graph, view, present) with { IsFollowed = isFollowed };
        }
    }

    /// <summary>Finds what the log says at a checkpoint of the run's own graph, and which runs of the thread were rolled back.</summary>
    private async Task<(LogView View, ImmutableHashSet<string> Gone)?> FindViewAsync(
        string threadId, string logId, string checkpointId, CancellationToken cancellationToken)
    {
        if (CheckpointId.PositionOf(checkpointId) is not { } position)
        {
            return null;
        }

        var view = LogView.Of(await log.ReadLineAsync(logId, position, cancellationToken));
        if (view.Root?.CheckpointId != checkpointId)
        {
            return null;
        }

        var gone = await catalog.ListRolledBackAsync(threadId, cancellationToken);
        return gone.Contains(view.Root.RunId) ? null : (view, gone);
    }

    /// <returns>What the log says before the next checkpoint, and whether there is one.</returns>
    private async Task<(LogView View, bool IsFollowed)> WithWritesAfterAsync(
        string logId, LogView view, ImmutableHashSet<string> gone, CancellationToken cancellationToken)
    {
        var position = view.NextPosition;
        while (true)
        {
            var page = await log.ReadPageAsync(logId, position, PageSize, cancellationToken);
            foreach (var stored in page.Where(stored => !gone.Contains(stored.Entry.RunId)))
            {
                var next = view.With(stored.Position, stored.Entry, stored.StoredBytes);
                if (next.Root!.CheckpointId != view.Root!.CheckpointId)
                {
                    return (view, true);
                }

                view = next;
            }

            if (page.Length < PageSize)
            {
                return (view, false);
            }

            position = page[^1].Position + 1;
        }
    }
}

/// <summary>How a run ended, as its log tells it.</summary>
/// <param name="NextEvent">The number after its last event.</param>
/// <param name="Checkpoint">Its last checkpoint, when its events cannot be told again.</param>
/// <param name="Values">The state there as JSON.</param>
internal sealed record RunEndPoint(long NextEvent, Checkpoint? Checkpoint, string? Values);
