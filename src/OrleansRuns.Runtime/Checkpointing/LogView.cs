using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>What the entries of a log say so far: a fold over a base and all that follow it. A value.</summary>
internal sealed record LogView
{
    internal static LogView Empty { get; } = new();

    /// <summary>Gets the position of the next entry.</summary>
    internal long NextPosition { get; init; }

    /// <summary>Gets the time of the newest entry.</summary>
    internal DateTimeOffset At { get; init; }

    /// <summary>Gets the namespaces that are alive: the run's own graph, and the subgraphs of tasks that are not finished.</summary>
    internal ImmutableSortedDictionary<string, NamespaceView> Namespaces { get; init; } =
        ImmutableSortedDictionary.Create<string, NamespaceView>(StringComparer.Ordinal);

    /// <summary>Gets the newest claim.</summary>
    internal ClaimLogRecord? Claim { get; init; }

    /// <summary>Gets the run of the newest claim.</summary>
    internal string? ClaimedBy { get; init; }

    /// <summary>Gets the attempt of the newest claim.</summary>
    internal int ClaimedAttempt { get; init; }

    /// <summary>
    /// Gets whether that run has begun: what it was asked to do is durable. A run that was stopped before has a claim that only closes.
    /// </summary>
    internal bool HasBegun { get; init; }

    /// <summary>Gets how the run of the newest claim ended, if it has.</summary>
    internal EndLogRecord? End { get; init; }

    /// <summary>Gets whether the run got on since its newest claim: a checkpoint was made or a task has finished.</summary>
    internal bool HasProgressed { get; init; }

    /// <summary>Gets the number of the run's next event.</summary>
    internal long NextEvent { get; init; }

    /// <summary>Gets the size of the newest base.</summary>
    internal long BaseBytes { get; init; }

    /// <summary>Gets the size of the entries after the newest base.</summary>
    internal long BytesSinceBase { get; init; }

    /// <summary>Gets the number of entries after the newest base.</summary>
    internal int EntriesSinceBase { get; init; }

    /// <summary>Gets the run's own graph, if it has a checkpoint.</summary>
    internal NamespaceView? Root => Namespaces.GetValueOrDefault("");

    internal static LogView Of(IEnumerable<StoredEntry> line) =>
        line.Aggregate(Empty, (view, stored) => view.With(stored.Position, stored.Entry, stored.StoredBytes));

    /// <summary>Tells whether a log was read that holds what is no entry, or one that does not fit those before it.</summary>
    /// <remarks>It will be so whenever the log is read again.</remarks>
    internal static bool IsUnreadable(Exception exception) =>
        exception is InvalidDataException or KeyNotFoundException or ArgumentException;

    /// <summary>Tells whether an entry is more than the claim of an attempt, which repeats or begins what was there or asked for.</summary>
    internal static bool IsProgress(LogEntry entry) =>
        !IsClaim(entry) && entry.Records.Any(record => record is CheckpointLogRecord or WritesLogRecord);

    internal LogView With(long position, LogEntry entry, long bytes)
    {
        var view = this with
        {
            NextPosition = position + 1,
            Namespaces = entry.Supersedes is null ? Namespaces : Empty.Namespaces,
            At = entry.At,
            NextEvent = entry.NextEvent,
            BaseBytes = entry.IsBase ? bytes : BaseBytes,
            BytesSinceBase = entry.IsBase ? 0 : BytesSinceBase + bytes,
            EntriesSinceBase = entry.IsBase ? 0 : EntriesSinceBase + 1,
            HasProgressed = !IsClaim(entry) && (HasProgressed || IsProgress(entry)),
        };
        return entry.Records.Aggregate(view, (next, record) => next.With(record, entry));
    }

    /// <summary>Gets records that say again what is alive, as it was stored: every namespace's line, and the pending writes.</summary>
    internal IEnumerable<LogRecord> Repeat()
    {
        foreach (var (name, view) in Namespaces)
        {
            foreach (var checkpoint in view.Line)
            {
                yield return new CheckpointLogRecord { Namespace = name, Checkpoint = checkpoint, RunId = view.RunId, At = view.At };
            }
        }

        foreach (var (name, view) in Namespaces.Where(pair => !pair.Value.Writes.IsEmpty))
        {
            yield return new WritesLogRecord { Namespace = name, CheckpointId = view.CheckpointId, Tasks = [.. view.Writes.Values] };
        }
    }

    /// <summary>Tells whether an entry is the first of its attempt, which claims the log. A base repeats the claim later on.</summary>
    private static bool IsClaim(LogEntry entry) => entry.AppendId.EndsWith("/0", StringComparison.Ordinal);

    private LogView With(LogRecord record, LogEntry entry) => record switch
    {
        CheckpointLogRecord checkpoint => WithCheckpoint(checkpoint, entry),
        WritesLogRecord writes => WithWrites(writes),
        ClaimLogRecord claim => this with
        {
            Claim = claim,
            ClaimedBy = entry.RunId,
            ClaimedAttempt = entry.Attempt,
            HasBegun = !RunClosing.IsClosing(entry) || (HasBegun && ClaimedBy == entry.RunId),
            End = null,
        },
        EndLogRecord end => this with { End = end },
        _ => throw new InvalidDataException($"A record of the unknown kind {record.GetType().Name}."),
    };

    private LogView WithCheckpoint(CheckpointLogRecord record, LogEntry entry)
    {
        var name = record.Namespace;
        var line = record.Checkpoint.Full ? [] : Namespaces[name].Line;
        var view = new NamespaceView(
            line.Add(record.Checkpoint), record.RunId ?? entry.RunId, record.At ?? entry.At, record.RunId is not null);
        return this with { Namespaces = Namespaces.RemoveRange(Below(name)).SetItem(name, view) };
    }

    private LogView WithWrites(WritesLogRecord record)
    {
        // Writes that arrive after their superstep was folded say nothing any more.
        if (!Namespaces.TryGetValue(record.Namespace, out var view) || view.CheckpointId != record.CheckpointId)
        {
            return this;
        }

        var ended = record.Tasks.Where(task => task.Finished)
            .Select(task => CheckpointNamespace.Of(record.Namespace, task.Node, task.TaskId))
            .SelectMany(child => Below(child).Append(child));
        return this with { Namespaces = Namespaces.SetItem(record.Namespace, view.With(record.Tasks)).RemoveRange(ended) };
    }

    private IEnumerable<string> Below(string name) =>
        Namespaces.Keys.Where(other => name.Length == 0 ? other.Length > 0 : other.StartsWith(name + "|", StringComparison.Ordinal));
}

/// <summary>One namespace of a log.</summary>
/// <param name="Line">A full checkpoint and those that follow it, oldest first.</param>
/// <param name="RunId">The run or edit that made the newest checkpoint.</param>
/// <param name="At">When the newest checkpoint was made.</param>
/// <param name="IsRepeated">Whether a base repeats the newest checkpoint from an earlier entry.</param>
internal sealed record NamespaceView(ImmutableList<CheckpointRecord> Line, string RunId, DateTimeOffset At, bool IsRepeated)
{
    /// <summary>Gets the writes of the newest checkpoint's tasks, by task id.</summary>
    internal ImmutableSortedDictionary<string, TaskWrites> Writes { get; private init; } =
        ImmutableSortedDictionary.Create<string, TaskWrites>(StringComparer.Ordinal);

    internal string CheckpointId => Line[^1].Id;

    internal NamespaceView With(IEnumerable<TaskWrites> tasks) =>
        this with { Writes = Writes.SetItems(tasks.Select(task => KeyValuePair.Create(task.TaskId, task))) };
}
