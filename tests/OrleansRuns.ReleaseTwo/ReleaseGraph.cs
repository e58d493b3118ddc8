using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Release;

/// <summary>The state of the second release: a property more.</summary>
internal sealed record ReleaseState : GraphState
{
    public AppendList<string> Done { get; init; }

    public int Count { get; init; }

    public string? Note { get; init; }
}

/// <summary>The second release: wait, check, new. A node was added, and another renamed.</summary>
internal sealed class ReleaseGraph : IGraph<ReleaseState>
{
    public void Build(GraphBuilder<ReleaseState> graph)
    {
        var wait = graph.AddNode("wait", PassAsync);
        var check = graph.AddNode("check", async (state, node) => await PassAsync(state, node) with { Note = "checked" });
        var renamed = graph.AddNode("new", PassAsync);
        graph.AddPath(Node.Start, wait, check, renamed, Node.End);
    }

    private static async Task<ReleaseState> PassAsync(ReleaseState state, NodeContext node)
    {
        await node.Services.GetRequiredService<FileGates>().PassAsync(node);
        return state with { Done = state.Done.Append($"{node.Node} of release 2") };
    }
}
