using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>A task of a superstep, as it is about to be told.</summary>
/// <param name="Writes">What it wrote.</param>
/// <param name="IsCached">Whether it repeats what an earlier one wrote.</param>
/// <param name="IsTold">Whether an earlier entry has told that it ended.</param>
internal sealed record ToldTask(TaskWrites Writes, bool IsCached, bool IsTold)
{
    internal string Phase => Writes.Finished ? "end" : "interrupt";
}

/// <summary>What an execution tells as soon as it is durable. The log stores how to tell it again.</summary>
internal sealed record Telling(LogTellingKind Kind, string Namespace)
{
    private ImmutableArray<ToldTask> Tasks { get; init; } = [];

    private CompiledGraph? Graph { get; init; }

    private Checkpoint? Checkpoint { get; init; }

    internal static Telling Attempt { get; } = new(LogTellingKind.Attempt, "");

    internal static Telling Waiting { get; } = new(LogTellingKind.Waiting, "");

    /// <summary>Gets how many events it makes.</summary>
    internal int Count => RunTelling.Count(Kind, Tasks.Length, Tasks.Count(task => !task.IsTold));

    /// <summary>Tells the checkpoint a run begins at.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="checkpoint">The checkpoint; <see langword="null"/> for the one that is appended with the telling.</param>
    internal static Telling Start(CompiledGraph graph, Checkpoint? checkpoint) =>
        new(LogTellingKind.Checkpoint, "") { Graph = graph, Checkpoint = checkpoint };

    /// <summary>Tells of a task that has ended, or asks, in a superstep that is still running.</summary>
    internal static Telling Ended(string name, TaskWrites writes, bool isCached) =>
        new(LogTellingKind.Tasks, name) { Tasks = [new ToldTask(writes, isCached, IsTold: false)] };

    /// <summary>Tells of a superstep whose checkpoint is appended with the telling.</summary>
    internal static Telling Superstep(CompiledGraph graph, string name, IEnumerable<ToldTask> tasks) =>
        new(LogTellingKind.Superstep, name) { Graph = graph, Tasks = [.. tasks] };

    /// <summary>Puts into an entry what is needed to tell it again.</summary>
    /// <param name="tellings">What is told.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="before">What the log says before it.</param>
    /// <param name="isLean">Whether to leave updates out.</param>
    internal static LogEntry Store(IEnumerable<Telling> tellings, LogEntry entry, LogView before, bool isLean) =>
        entry.Events is not { } events
            ? entry
            : entry with { Events = events with { Tellings = [.. tellings.Select(telling => telling.ToLog(entry, before, isLean))] } };

    /// <summary>Tells whether updates of tasks take room in an entry.</summary>
    internal static bool HasUpdates(LogEntry entry) =>
        entry.Events is { } events && events.Tellings.SelectMany(telling => telling.Tasks ?? []).Any(task => task.Update is not null);

    /// <summary>Adds tasks whose own telling is overtaken by this one.</summary>
    internal Telling WithEnded(IEnumerable<TaskWrites> overtaken)
    {
        var ids = overtaken.Select(writes => writes.TaskId).ToHashSet(StringComparer.Ordinal);
        return ids.Count == 0
            ? this
            : this with { Tasks = [.. Tasks.Select(task => ids.Contains(task.Writes.TaskId) ? task with { IsTold = false } : task)] };
    }

    /// <summary>Adds the checkpoint that is appended with the telling.</summary>
    internal Telling With(Checkpoint? appended) => this with { Checkpoint = Checkpoint ?? appended };

    /// <summary>Makes the events.</summary>
    /// <param name="entry">The entry that made them durable.</param>
    /// <param name="after">What the log says after it.</param>
    internal IEnumerable<ToldEvent> Expand(LogEntry entry, LogView after) =>
        RunTelling.Expand(
            entry,
            ToLog(ToLog),
            after,
            () => Graph!.ToJson(Checkpoint!).ToJsonString(),
            () => RunTelling.Updates(Tasks.Select(task => (task.Writes.Node, task.Writes.TaskId, task.Writes.Update))));

    private LogTelling ToLog(Func<ToldTask, LogToldTask> store) =>
        new() { Kind = Kind, Namespace = Namespace, Tasks = Tasks.IsEmpty ? null : [.. Tasks.Select(store)] };

    private LogTelling ToLog(LogEntry entry, LogView before, bool isLean)
    {
        if (Kind != LogTellingKind.Superstep)
        {
            return ToLog(ToLog);
        }

        if (isLean)
        {
            return ToLog(task => ToLog(task) with { Place = LogUpdatePlace.Lost });
        }

        var written = before.Namespaces[Namespace].Writes;
        var channels = entry.IsBase ? null : entry.Records.OfType<CheckpointLogRecord>()
            .First(record => record.Namespace == Namespace).Checkpoint.Channels;
        return ToLog(task => ToldUpdates.Store(ToLog(task), task.Writes.Update, written, channels));
    }

    private static LogToldTask ToLog(ToldTask task) => new()
    {
        TaskId = task.Writes.TaskId,
        Node = task.Writes.Node,
        Phase = task.IsTold ? null : task.Phase,
        Cached = task.IsCached && !task.IsTold ? true : null,
    };
}
