using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>Counts the tasks of the supersteps under way from a run's events.</summary>
internal sealed class SuperstepTracker
{
    private readonly Dictionary<(string Namespace, int Step, string Node), NodeProgress> _nodes = [];

    /// <summary>Reads an event.</summary>
    /// <returns>What it changed that is worth showing.</returns>
    internal IReadOnlyList<IProgressFact> Read(RunEvent @event)
    {
        using var data = JsonDocument.Parse(@event.Data);
        return @event.Kind switch
        {
            RunEventKinds.Metadata when data.RootElement.GetProperty("attempt").GetInt32() is > 1 and var attempt =>
                [new Noted($"goes on with attempt {attempt}")],
            RunEventKinds.Checkpoints => Plan(@event, data.RootElement),
            RunEventKinds.Tasks => Task(@event, data.RootElement),
            RunEventKinds.Custom => [new Noted($"{Text(data, "node")}: {data.RootElement.GetProperty("value").GetRawText()}")],
            RunEventKinds.Gap => [new Noted("some events were missed")],
            _ => [],
        };
    }

    private static string Text(JsonDocument data, string member) => data.RootElement.GetProperty(member).GetString()!;

    private List<IProgressFact> Plan(RunEvent @event, JsonElement data)
    {
        var path = string.Join('/', CheckpointNamespace.NodesOf(@event.Namespace));
        var facts = new List<IProgressFact>();

        // The checkpoint says that all tasks of its own superstep have ended, also those whose events were missed.
        foreach (var ended in _nodes.Where(pair => pair.Key.Namespace == @event.Namespace).ToList())
        {
            _nodes.Remove(ended.Key);
            if (ended.Value.Done < ended.Value.Total)
            {
                ended.Value.Done = ended.Value.Total;
                facts.Add(new Advanced(ended.Value));
            }
        }

        foreach (var node in data.GetProperty("next").EnumerateArray().GroupBy(name => name.GetString()!))
        {
            var progress = new NodeProgress(path.Length == 0 ? node.Key : $"{path}/{node.Key}", @event.Step + 1, node.Count());
            _nodes[(@event.Namespace, @event.Step + 1, node.Key)] = progress;
            facts.Add(new Planned(progress));
        }

        return facts;
    }

    private List<IProgressFact> Task(RunEvent @event, JsonElement data)
    {
        var node = data.GetProperty("node").GetString()!;
        switch (data.GetProperty("phase").GetString())
        {
            case "error":
                return [new Noted($"{node} failed{Attempt(data)}: {data.GetProperty("error").GetString()}")];
            case "retry":
                // It only begins; how it ends is told later.
                return [new Noted($"{node} is tried again{Attempt(data)}")];
            case "end" when _nodes.TryGetValue((@event.Namespace, @event.Step, node), out var progress):
                progress.Done = Math.Min(progress.Done + 1, progress.Total);
                return [new Advanced(progress)];
            default:
                return [];
        }
    }

    private static string Attempt(JsonElement data) =>
        data.TryGetProperty("attempt", out var number) ? $", attempt {number.GetRawText()}" : "";
}

/// <summary>How far a node of a superstep is.</summary>
internal sealed class NodeProgress(string node, int step, int total)
{
    internal string Node => node;

    internal int Step => step;

    internal int Total => total;

    internal int Done { get; set; }
}

/// <summary>Something worth showing.</summary>
internal interface IProgressFact;

/// <summary>A superstep will run a node.</summary>
internal sealed record Planned(NodeProgress Progress) : IProgressFact;

/// <summary>Tasks of a node have ended.</summary>
internal sealed record Advanced(NodeProgress Progress) : IProgressFact;

/// <summary>A remark.</summary>
internal sealed record Noted(string Text) : IProgressFact;
