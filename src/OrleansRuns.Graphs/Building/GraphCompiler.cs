using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>Turns a graph as it was written into one that can be executed.</summary>
public static class GraphCompiler
{
    // A graph that contains itself would be built without end. One that is given what to do may be inside of another of its kind.
    private const int MostOfAKind = 8;

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
        var compiled = Compile(name, graph, problems, within: []);
        return problems.Count == 0 ? compiled! : throw new GraphBuildException($"Graph '{name}'", problems);
    }

    /// <summary>Builds a graph; the result may be used only when no problem was added.</summary>
    /// <param name="name">The name of the graph, or of the node that it runs in.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="problems">Receives every mistake that was found.</param>
    /// <param name="within">The kinds of graphs that it is inside of.</param>
    internal static CompiledGraph<TState>? Compile<TState>(
        string name, IGraph<TState> graph, List<string> problems, ImmutableList<Type> within)
        where TState : GraphState, new()
    {
        if (within.Count(kind => kind == graph.GetType()) == MostOfAKind)
        {
            problems.Add($"{graph.GetType().Name} is inside of {MostOfAKind} graphs of its kind. If it contains itself, it would never "
                + "end: let it begin again by an edge.");
            return null;
        }

        var model = StateModel<TState>.Create(problems);
        var builder = new GraphBuilder<TState>();
        graph.Build(builder);
        problems.AddRange(builder.Problems);
        foreach (var node in builder.Nodes)
        {
            node.Subgraph?.Compile(problems, node.Name, within.Add(graph.GetType()));
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
