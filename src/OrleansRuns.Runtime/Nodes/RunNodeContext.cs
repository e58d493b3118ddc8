using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>What a node sees of its run: what it emits becomes events, until its attempt is over.</summary>
internal sealed class RunNodeContext(IRunEvents events, Action alive) : NodeContext
{
    private volatile bool _isClosed;

    public override void Emit<T>(T value)
    {
        var json = JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
        Publish(RunEventKinds.Custom, () => $"{{\"node\":{Text(Node)},\"taskId\":{Text(TaskId)},\"value\":{json}}}");
    }

    public override void EmitMessage(string id, string chunk) =>
        Publish(
            RunEventKinds.Messages,
            () => $"{{\"node\":{Text(Node)},\"taskId\":{Text(TaskId)},\"id\":{Text(id)},\"chunk\":{Text(chunk)}}}");

    public override void Heartbeat() => alive();

    /// <summary>Ends the attempt: what its code still emits is dropped.</summary>
    internal void Close() => _isClosed = true;

    private static string Text(string value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);

    private void Publish(string kind, Func<string> data)
    {
        alive();
        if (!_isClosed)
        {
            events.Publish(kind, Namespace, Step, CheckpointId, data);
        }
    }
}
