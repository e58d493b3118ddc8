using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

public sealed record TurnsState : GraphState
{
    /// <summary>Gets what every turn adds to.</summary>
    public AppendList<string> Items { get; init; }

    /// <summary>Gets what no turn touches.</summary>
    public string Blob { get; init; } = "";

    /// <summary>Gets how many turns were made.</summary>
    public int Turns { get; init; }

    /// <summary>Gets at which turn to end.</summary>
    public int Until { get; init; }
}

/// <summary>One node that runs again and again: as many one-task supersteps as the input says.</summary>
internal sealed class TurnsGraph(Func<TurnsState, TurnsState> turn) : IGraph<TurnsState>
{
    public void Build(GraphBuilder<TurnsState> graph)
    {
        var node = graph.AddNode("turn", (state, _) => turn(state) with { Turns = state.Turns + 1 });
        graph.AddEdge(Node.Start, node);
        graph.AddBranch(node, state => state.Turns < state.Until ? node : Node.End, node, Node.End);
    }

    internal static CompiledGraph Compile(Func<TurnsState, TurnsState> turn) => GraphCompiler.Compile("loop", new TurnsGraph(turn));
}
