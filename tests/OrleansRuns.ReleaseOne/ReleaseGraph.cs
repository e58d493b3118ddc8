using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Release;

/// <summary>The state of the first release.</summary>
internal sealed record ReleaseState : GraphState
{
    public AppendList<string> Done { get; init; }

    public int Count { get; init; }
}

/// <summary>The first release: wait, old.</summary>
internal sealed class ReleaseGraph : IGraph<ReleaseState>
{
    public void Build(GraphBuilder<ReleaseState> graph)
    {
        var wait = graph.AddNode("wait", PassAsync);
        var old = graph.AddNode("old", PassAsync);
        graph.AddPath(Node.Start, wait, old, Node.End);
    }

    private static async Task<ReleaseState> PassAsync(ReleaseState state, NodeContext node)
    {
        await node.Services.GetRequiredService<FileGates>().PassAsync(node);
        return state with { Done = state.Done.Append($"{node.Node} of release 1") };
    }
}
