using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>Runs one attempt of a node: state, private argument as JSON, what the node sees of its run.</summary>
internal delegate Task<Command<TState>> NodeBody<TState>(TState state, JsonElement? argument, NodeContext context)
    where TState : GraphState, new();

/// <summary>Chooses the tasks that follow a node, given the state with the node's own writes.</summary>
internal delegate ImmutableArray<PlannedTask> Router<TState>(TState state)
    where TState : GraphState, new();

/// <summary>A node as it was added.</summary>
internal sealed record NodeDefinition<TState>
    where TState : GraphState, new()
{
    public required Node Handle { get; init; }

    public required NodeOptions Options { get; init; }

    public NodeBody<TState>? Body { get; init; }

    public Type? Argument { get; init; }

    public ImmutableArray<Node> GoesTo { get; init; } = [];

    public SubgraphNode<TState>? Subgraph { get; init; }

    public string Name => Handle.Name;
}

/// <summary>The caller's side of a run's first step: JSON in, task deltas or a state out.</summary>
internal sealed record InputDefinition<TState>(Type Type, Func<TState, JsonElement, TState> Map)
    where TState : GraphState, new();
