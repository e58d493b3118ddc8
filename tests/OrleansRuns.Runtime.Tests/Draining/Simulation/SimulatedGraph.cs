using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a silo lets the nodes of simulated runs do.</summary>
internal interface ISimulatedNodes
{
    /// <summary>Behaves as the run's seed says.</summary>
    Task BehaveAsync(NodeContext node, int turn);
}

/// <summary>As many turns as the input says: alone, or each with another node beside it.</summary>
internal sealed class SimulatedGraph(bool hasSide) : IGraph<TurnsState>
{
    internal const string Alone = "alone";
    internal const string Sides = "sides";

    internal static GraphRegistry Registry { get; } = new(
        [
            new GraphRegistration(Alone, _ => GraphCompiler.Compile(Alone, new SimulatedGraph(hasSide: false))),
            new GraphRegistration(Sides, _ => GraphCompiler.Compile(Sides, new SimulatedGraph(hasSide: true))),
        ],
        null!);

    /// <summary>Gets what the state holds when every turn had its effect once.</summary>
    internal static IEnumerable<string> ItemsAfter(string graph, int turns) =>
        Enumerable.Range(1, turns).SelectMany(turn => graph == Sides ? [$"side {turn}", $"turn {turn}"] : (string[])[$"turn {turn}"]);

    public void Build(GraphBuilder<TurnsState> graph)
    {
        var turn = graph.AddNode("turn", async (state, node) =>
        {
            await ((ISimulatedNodes)node.Services.GetService(typeof(ISimulatedNodes))!).BehaveAsync(node, state.Turns + 1);
            return state with { Turns = state.Turns + 1, Items = state.Items.Append($"turn {state.Turns + 1}") };
        });
        graph.AddEdge(Node.Start, turn);
        if (!hasSide)
        {
            graph.AddBranch(turn, state => state.Turns < state.Until ? turn : Node.End, turn, Node.End);
            return;
        }

        // It ends at once, so that its writes are durable before its superstep is.
        var side = graph.AddNode("side", (state, _) => state with { Items = state.Items.Append($"side {state.Turns + 1}") });
        graph.AddEdge(Node.Start, side);
        graph.AddBranch(turn, state => state.Turns < state.Until ? [turn, side] : [Node.End], turn, side, Node.End);
        graph.AddEdge(side, Node.End);
    }
}
