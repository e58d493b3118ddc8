namespace OrleansRuns.Graphs;

/// <summary>A graph over a typed state, as its author writes it.</summary>
/// <typeparam name="TState">The graph's state: a sealed record with init-only properties.</typeparam>
public interface IGraph<TState>
    where TState : GraphState, new()
{
    /// <summary>Draws the graph: adds its nodes and edges. Called once, when the graph is compiled.</summary>
    /// <param name="graph">What to add to.</param>
    void Build(GraphBuilder<TState> graph);
}
