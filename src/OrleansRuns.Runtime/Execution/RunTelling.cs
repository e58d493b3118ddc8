using System.Diagnostics;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>An event of something durable, before it is rendered.</summary>
/// <param name="Kind">One of <see cref="RunEventKinds"/>.</param>
/// <param name="Namespace">The namespace of the graph it comes from.</param>
/// <param name="Step">The superstep.</param>
/// <param name="CheckpointId">The checkpoint it tells of.</param>
/// <param name="Data">Renders the payload; <see langword="null"/> when it is no longer known.</param>
internal sealed record ToldEvent(string Kind, string Namespace, int Step, string? CheckpointId, Func<string?> Data);

/// <summary>Makes the events of a telling: the same ones when they happen and whenever they are told again. Pure.</summary>
internal static class RunTelling
{
    /// <summary>Counts the events of a telling as it is stored.</summary>
    internal static int Count(LogTelling telling) =>
        Count(telling.Kind, Length(telling.Tasks), Length(telling.Tasks?.RemoveAll(task => task.Phase is null)));

    /// <summary>Counts the events of a telling.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="tasks">How many tasks it is about.</param>
    /// <param name="ended">How many of them were not told before.</param>
    internal static int Count(LogTellingKind kind, int tasks, int ended) => kind switch
    {
        LogTellingKind.Attempt or LogTellingKind.Waiting => 1,
        LogTellingKind.Checkpoint => 2,
        LogTellingKind.Tasks => tasks,
        LogTellingKind.Superstep => ended + 3,
        _ => throw new UnreachableException(),
    };

    /// <summary>Makes the events of a telling, in the order of their numbers.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="telling">The telling.</param>
    /// <param name="after">What the log says after the entry.</param>
    /// <param name="values">Renders the state after the telling's checkpoint.</param>
    /// <param name="updates">Renders what its tasks wrote.</param>
    internal static IEnumerable<ToldEvent> Expand(
        LogEntry entry, LogTelling telling, LogView after, Func<string?> values, Func<string?> updates)
    {
        if (telling.Kind == LogTellingKind.Attempt)
        {
            return [new(RunEventKinds.Metadata, "", 0, null, () => Json(new { runId = entry.RunId, attempt = entry.Attempt }))];
        }

        var name = telling.Namespace;
        var checkpoint = after.Namespaces[name].Line[^1];
        var (id, step) = (checkpoint.Id, checkpoint.Step);
        return telling.Kind switch
        {
            LogTellingKind.Checkpoint => Checkpoint(name, checkpoint, values),
            LogTellingKind.Tasks => Tasks(telling, step + 1, id),
            LogTellingKind.Superstep =>
            [
                .. Tasks(telling, step, checkpoint.ParentId),
                new(RunEventKinds.Updates, name, step, id, updates),
                .. Checkpoint(name, checkpoint, values),
            ],
            LogTellingKind.Waiting => [new(RunEventKinds.Interrupt, name, step, id, () => Json(OpenQuestions(after)))],
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>Renders what the tasks of a superstep wrote.</summary>
    internal static string Updates(IEnumerable<(string Node, string TaskId, JsonElement? Update)> tasks) =>
        Json(tasks.Select(task => new { node = task.Node, taskId = task.TaskId, update = task.Update }));

    private static IEnumerable<ToldEvent> Checkpoint(string name, CheckpointRecord checkpoint, Func<string?> values) =>
    [
        new(RunEventKinds.Checkpoints, name, checkpoint.Step, checkpoint.Id, () => Json(new
        {
            id = checkpoint.Id,
            parentId = checkpoint.ParentId,
            step = checkpoint.Step,
            source = checkpoint.Source,
            next = checkpoint.Next.Select(task => task.Node),
        })),
        new(RunEventKinds.Values, name, checkpoint.Step, checkpoint.Id, values),
    ];

    private static IEnumerable<ToldEvent> Tasks(LogTelling telling, int step, string? checkpointId) =>
        (telling.Tasks ?? []).Where(task => task.Phase is not null).Select(task => new ToldEvent(
            RunEventKinds.Tasks, telling.Namespace, step, checkpointId, () => Json(new
            {
                taskId = task.TaskId,
                node = task.Node,
                phase = task.Phase,
                cached = task.Cached ?? false,
            })));

    private static IEnumerable<Interrupt> OpenQuestions(LogView view) =>
        view.Namespaces.Values.SelectMany(one => one.Writes.Values).Where(one => !one.Finished).SelectMany(one => one.Interrupts);

    private static int Length(System.Collections.Immutable.ImmutableArray<LogToldTask>? tasks) => tasks?.Length ?? 0;

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}
