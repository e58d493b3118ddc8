using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What survives a simulated crash: records as JSON text, in the order they were appended.</summary>
internal sealed class Journal
{
    private readonly List<(string Namespace, string Json)> _checkpoints = [];
    private readonly List<(string Namespace, string Checkpoint, string Json)> _writes = [];

    /// <summary>Gets every checkpoint as a whole, which does not depend on how often it was stored in full.</summary>
    internal List<string> Wholes { get; } = [];

    internal string NextId(string checkpointNamespace) =>
        $"{_checkpoints.Count(record => record.Namespace == checkpointNamespace):D4}";

    internal void Append(CompiledGraph graph, string checkpointNamespace, CheckpointDraft draft, bool full)
    {
        var id = NextId(checkpointNamespace);
        _checkpoints.Add((checkpointNamespace, JsonSerializer.Serialize(draft.ToRecord(id, full))));
        Wholes.Add($"{checkpointNamespace} {JsonSerializer.Serialize(graph.ToFullRecord(draft.Commit(id)))}");
    }

    internal void Append(string checkpointNamespace, string checkpoint, TaskWrites writes) =>
        _writes.Add((checkpointNamespace, checkpoint, JsonSerializer.Serialize(writes)));

    internal Checkpoint? Load(CompiledGraph graph, string checkpointNamespace)
    {
        var records = _checkpoints.Where(record => record.Namespace == checkpointNamespace)
            .Select(record => JsonSerializer.Deserialize<CheckpointRecord>(record.Json)!).ToList();
        return records.Count == 0
            ? null
            : graph.Load(checkpointNamespace, records[records.FindLastIndex(record => record.Full)..]);
    }

    internal Dictionary<string, TaskWrites> Writes(string checkpointNamespace, string checkpoint) =>
        _writes.Where(entry => entry.Namespace == checkpointNamespace && entry.Checkpoint == checkpoint)
            .Select(entry => JsonSerializer.Deserialize<TaskWrites>(entry.Json)!)
            .GroupBy(writes => writes.TaskId).ToDictionary(group => group.Key, group => group.Last());

    internal List<(PendingTask Task, string Checkpoint)> Waiting() =>
        [.. _writes.GroupBy(entry => (entry.Namespace, entry.Checkpoint, JsonSerializer.Deserialize<TaskWrites>(entry.Json)!.TaskId))
            .Select(group => (new PendingTask(group.Key.Namespace, JsonSerializer.Deserialize<TaskWrites>(group.Last().Json)!), group.Key.Checkpoint))
            .Where(pair => !pair.Item1.Writes.Interrupts.IsEmpty)];
}
