using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>What goes into the log together, as one entry, and the checkpoints that are alive once it is there.</summary>
/// <remarks>A batch makes the same records however often it is asked: trying it in another form changes no checkpoint's id.</remarks>
internal sealed class LogBatch
{
    private readonly IReadOnlyList<LogRequest> _requests;
    private readonly Dictionary<string, LiveCheckpoint> _live;

    /// <summary>Commits the checkpoints of what was handed in.</summary>
    /// <param name="requests">What was handed in, in its order.</param>
    /// <param name="live">The newest checkpoint of every namespace that is alive before.</param>
    /// <param name="runId">The run that writes.</param>
    /// <param name="position">The position of the entry to come.</param>
    /// <param name="at">When it is written.</param>
    internal LogBatch(
        IReadOnlyList<LogRequest> requests,
        IReadOnlyDictionary<string, LiveCheckpoint> live,
        string runId,
        long position,
        DateTimeOffset at)
    {
        _requests = requests;
        _live = new Dictionary<string, LiveCheckpoint>(live, StringComparer.Ordinal);
        foreach (var (place, request) in requests.Index().Where(pair => pair.Item.Draft is not null))
        {
            request.Id = CheckpointId.Create(at, position, place);
            request.Checkpoint = request.Draft!.Commit(request.Id);
            _live[request.Namespace] = new LiveCheckpoint(request.Graph!, request.Checkpoint, runId, at);
        }
    }

    /// <summary>Gets the records of the entry, checkpoints as their difference.</summary>
    internal ImmutableArray<LogRecord> Records => [.. _requests.SelectMany(request => request.ToRecords(full: false))];

    /// <summary>Gets what to tell when the entry is durable.</summary>
    internal List<Telling> Tellings =>
        [.. _requests.SelectMany(request => request.Tellings.Select(telling => telling.With(request.Checkpoint)))];

    /// <summary>Gets the checkpoints that are alive in a view that holds the entry.</summary>
    internal IEnumerable<KeyValuePair<string, LiveCheckpoint>> LiveIn(LogView view) =>
        _live.Where(pair => view.Namespaces.ContainsKey(pair.Key));

    /// <summary>Tells whether only a base can hold the batch: a checkpoint does not follow the newest one of its namespace.</summary>
    internal bool LeavesTheLineOf(LogView view) => _requests.Any(request =>
        request.Checkpoint is { } checkpoint
        && view.Namespaces.TryGetValue(request.Namespace, out var present)
        && checkpoint.ParentId != present.CheckpointId);

    /// <summary>Makes a base of the batch's entry: all that is alive after it, in full.</summary>
    internal LogEntry ToBase(LogEntry entry, LogView before)
    {
        // A namespace's first record is always full, so that the view of the entry can be taken before it is a base.
        var after = before.With(before.NextPosition, entry, bytes: 0);
        var records = ImmutableArray.CreateBuilder<LogRecord>();
        if (after.Claim is { } claim)
        {
            records.Add(claim);
        }

        records.AddRange(after.Namespaces.Keys.Select(Checkpoint));
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

        return entry with { IsBase = true, Records = records.ToImmutable(), Changes = ChangesOf(entry) };
    }

    /// <summary>
    /// Gets what an entry changes. A checkpoint that can only be stored as a whole tells nothing about that: it has the limit of a state.
    /// </summary>
    private static ImmutableArray<LogRecord> ChangesOf(LogEntry entry) =>
        entry.Records.RemoveAll(record => record is CheckpointLogRecord { Checkpoint: { Full: true, ParentId: not null } });

    private CheckpointLogRecord Checkpoint(string name) =>
        _requests.LastOrDefault(request => request.Draft is not null && request.Namespace == name)?.ToCheckpoint(full: true)
        ?? _live[name].Repeat();
}
