using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>The border between a graph and one that runs inside a node of it.</summary>
internal abstract class SubgraphNode<TState>
    where TState : GraphState, new()
{
    internal abstract CompiledGraph Graph { get; }

    internal abstract GraphShape Shape { get; }

    internal abstract void Compile(ICollection<string> problems, string node, ImmutableList<Type> within);

    internal abstract CheckpointDraft Enter(TState parent, string childNamespace);

    internal abstract Command<TState> Leave(TState parent, GraphState child);
}

/// <summary>The same, knowing the inner graph's state.</summary>
internal sealed class SubgraphNode<TState, TChild>(
    IGraph<TChild> graph, Func<TState, TChild> enter, Func<TState, TChild, Command<TState>> leave) : SubgraphNode<TState>
    where TState : GraphState, new()
    where TChild : GraphState, new()
{
    private CompiledGraph<TChild>? _compiled;

    internal override CompiledGraph Graph => Compiled;

    internal override GraphShape Shape => Compiled.Shape;

    private CompiledGraph<TChild> Compiled =>
        _compiled ?? throw new InvalidOperationException("The subgraph was not compiled.");

    internal override void Compile(ICollection<string> problems, string node, ImmutableList<Type> within)
    {
        var own = new List<string>();
        _compiled = GraphCompiler.Compile(node, graph, own, within);
        foreach (var problem in own)
        {
            problems.Add($"In subgraph '{node}': {problem}");
        }
    }

    internal override CheckpointDraft Enter(TState parent, string childNamespace) => Compiled.Begin(enter(parent), childNamespace);

    internal override Command<TState> Leave(TState parent, GraphState child) => leave(parent, (TChild)child);
}
