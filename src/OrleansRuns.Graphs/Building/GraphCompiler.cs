using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>Turns a graph as it was written into one that can be executed.</summary>
public static class GraphCompiler
{
    /// <summary>Builds a graph and checks it.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <param name="name">The name under which the graph is registered.</param>
    /// <param name="graph">The graph; its <see cref="IGraph{TState}.Build"/> is called once.</param>
    /// <returns>The compiled graph.</returns>
    /// <exception cref="GraphBuildException">The graph or its state has mistakes; all of them are listed.</exception>
    public static CompiledGraph Compile<TState>(string name, IGraph<TState> graph)
        where TState : GraphState, new()
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(graph);
        var problems = new List<string>();
        var compiled = Compile(name, graph, problems);
        return problems.Count == 0 ? compiled! : throw new GraphBuildException($"Graph '{name}'", problems);
    }

    /// <summary>Builds a graph; the result may be used only when no problem was added.</summary>
    internal static CompiledGraph<TState>? Compile<TState>(string name, IGraph<TState> graph, List<string> problems)
        where TState : GraphState, new()
    {
        var model = StateModel<TState>.Create(problems);
        var builder = new GraphBuilder<TState>();
        graph.Build(builder);
        problems.AddRange(builder.Problems);
        foreach (var node in builder.Nodes)
        {
            node.Subgraph?.Compile(problems, node.Name);
            if (node.Argument is { } argument)
            {
                StateInspector.InspectArgument(argument, node.Name, problems);
            }
        }

        GraphChecks.Check(builder, problems);
        return problems.Count == 0 && model is not null
            ? new CompiledGraph<TState>(name, model, builder, ToShape(builder, model.Shape))
            : null;
    }

    private static GraphShape ToShape<TState>(GraphBuilder<TState> builder, string channels)
        where TState : GraphState, new()
    {
        var nodes = builder.Nodes.ToImmutableSortedDictionary(
            node => node.Name,
            node => new NodeShape(node.Name, node.Options, node.Argument?.ToString(), node.Subgraph?.Shape),
            StringComparer.Ordinal);
        return new(nodes, GraphChecks.Links(builder), channels);
    }
}
