using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.RunSilo;

/// <summary>One node that runs as many supersteps as the input's count says, takes some time for each, and emits its step.</summary>
internal sealed class CountingGraph : IGraph<SampleState>
{
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(10);

    public void Build(GraphBuilder<SampleState> graph)
    {
        var count = graph.AddNode("count", async (state, node) =>
        {
            await Task.Delay(Work, TimeProvider.System, node.CancellationToken);
            node.Emit(node.Step);
            return state with { Done = state.Done.Append($"{node.Step}") };
        });
        graph.AddEdge(Node.Start, count);
        graph.AddBranch(count, state => state.Done.Count < state.Count ? count : Node.End, count, Node.End);
    }
}
