using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What survives a simulated crash: records that went through their JSON text, in the order they were appended.</summary>
internal sealed class Journal
{
    private readonly Dictionary<string, List<CheckpointRecord>> _checkpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Checkpoint), Dictionary<string, TaskWrites>> _writes = [];

    /// <summary>Gets every checkpoint as a whole, which does not depend on how often it was stored in full.</summary>
    internal List<string> Wholes { get; } = [];

    /// <summary>Gets everything that was appended, as text, in the order in which it was.</summary>
    internal List<string> Lines { get; } = [];

    internal void Append(CompiledGraph graph, string checkpointNamespace, CheckpointDraft draft, bool full)
    {
        if (!_checkpoints.TryGetValue(checkpointNamespace, out var records))
        {
            _checkpoints[checkpointNamespace] = records = [];
        }

        var id = $"{records.Count:D4}";
        records.Add(ThroughText(draft.ToRecord(id, full)));
        Wholes.Add($"{checkpointNamespace} {JsonSerializer.Serialize(graph.ToFullRecord(draft.Commit(id)))}");
    }

    internal void Append(string checkpointNamespace, string checkpoint, TaskWrites writes)
    {
        if (!_writes.TryGetValue((checkpointNamespace, checkpoint), out var byTask))
        {
            _writes[(checkpointNamespace, checkpoint)] = byTask = new(StringComparer.Ordinal);
        }

        byTask[writes.TaskId] = ThroughText(writes);
    }

    internal Checkpoint? Load(CompiledGraph graph, string checkpointNamespace) =>
        _checkpoints.TryGetValue(checkpointNamespace, out var records)
            ? graph.Load(checkpointNamespace, records[records.FindLastIndex(record => record.Full)..])
            : null;

    internal Dictionary<string, TaskWrites> Writes(string checkpointNamespace, string checkpoint) =>
        new(_writes.GetValueOrDefault((checkpointNamespace, checkpoint), []), StringComparer.Ordinal);

    internal List<(PendingTask Task, string Checkpoint)> Waiting() =>
        [.. _writes.SelectMany(pair => pair.Value.Values
            .Where(writes => !writes.Interrupts.IsEmpty)
            .Select(writes => (new PendingTask(pair.Key.Namespace, writes), pair.Key.Checkpoint)))];

    private T ThroughText<T>(T value)
    {
        Lines.Add(JsonSerializer.Serialize(value));
        return JsonSerializer.Deserialize<T>(Lines[^1])!;
    }
}
