using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Tells the readers of a run's events what has become durable.</summary>
internal static class RunTelling
{
    internal static void Checkpoint(IRunEvents events, CompiledGraph graph, Checkpoint checkpoint)
    {
        var (name, step, id) = (checkpoint.Namespace, checkpoint.Step, checkpoint.Id);
        events.Publish(RunEventKinds.Checkpoints, name, step, id, () => Json(new
        {
            id,
            parentId = checkpoint.ParentId,
            step,
            source = checkpoint.Source,
            next = checkpoint.Tasks.Select(task => task.Node),
        }));
        events.Publish(RunEventKinds.Values, name, step, id, () => graph.ToJson(checkpoint).ToJsonString());
    }

    internal static void Superstep(
        IRunEvents events,
        CompiledGraph graph,
        Checkpoint before,
        IReadOnlyDictionary<string, TaskWrites> writes,
        Checkpoint after)
    {
        events.Publish(RunEventKinds.Updates, after.Namespace, after.Step, after.Id, () => Json(
            before.Tasks.Select(task => new { node = task.Node, taskId = task.Id, update = writes[task.Id].Update })));
        Checkpoint(events, graph, after);
    }

    internal static void TaskEnded(IRunEvents events, Checkpoint checkpoint, TaskWrites writes, bool cached) =>
        events.Publish(RunEventKinds.Tasks, checkpoint.Namespace, checkpoint.Step + 1, checkpoint.Id, () => Json(new
        {
            taskId = writes.TaskId,
            node = writes.Node,
            phase = writes.Finished ? "end" : "interrupt",
            cached,
        }));

    internal static void Interrupts(IRunEvents events, Checkpoint checkpoint, IEnumerable<Interrupt> interrupts) =>
        events.Publish(RunEventKinds.Interrupt, checkpoint.Namespace, checkpoint.Step, checkpoint.Id, () => Json(interrupts));

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}
