using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

internal sealed partial class CompiledGraph<TState>
{
    public override async Task<TaskWrites> InvokeAsync(Checkpoint checkpoint, GraphTask task, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(context);
        var node = DefinitionOf(task);
        if (node.Body is null)
        {
            throw new InvalidOperationException($"Node '{node.Name}' runs a subgraph: enter and leave it instead of invoking it.");
        }

        var state = StateOf(checkpoint);
        var given = StateModel<TState>.Give(state);
        Command<TState>? command = null;
        try
        {
            command = await node.Body(given, task.Plan.Argument, context);
        }
        catch (Exception) when (context.Asked is not null && !context.CancellationToken.IsCancellationRequested)
        {
            // The node has asked: whatever its own code made of the interrupt on its way out, the question stands.
            command = null;
        }

        if (context.Asked is { } question)
        {
            return new() { TaskId = task.Id, Node = task.Node, Interrupts = [question], Answers = context.Answers };
        }

        if (command?.State is null)
        {
            throw new GraphUpdateException($"Node '{node.Name}' returned null. Return the state it was given, changed by 'with'.");
        }

        return Finish(state, given, command.State, task, Targets.Of(command, node)) with { Answers = context.Answers };
    }

    public override string? CacheKeyOf(Checkpoint checkpoint, GraphTask task)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(task);
        if (DefinitionOf(task).Options.Cache is not { } policy)
        {
            return null;
        }

        var state = StateOf(checkpoint);
        var argument = task.Plan.Argument;
        var key = policy.Key?.Invoke(StateModel<TState>.Give(state), argument)
            ?? $"{_model.ToJson(state).ToJsonString()}\n{argument?.GetRawText()}";
        return StableId.Digest(Name, Fingerprint, task.Node, key);
    }

    public override TaskWrites? HandleError(GraphTask task, NodeError error)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(error);
        return DefinitionOf(task).Options.OnError is { } handler
            ? new() { TaskId = task.Id, Node = task.Node, Finished = true, Error = error, Goto = [handler.With(error).Plan()] }
            : null;
    }

    public override string? Misfit(TaskWrites writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        return writes.Update is { } update ? _model.Misfit(update, writes.Kinds) : null;
    }

    public override CompiledGraph? SubgraphOf(string node) => _definitions.GetValueOrDefault(node)?.Subgraph?.Graph;

    public override CheckpointDraft EnterSubgraph(Checkpoint parent, GraphTask task)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentNullException.ThrowIfNull(task);
        return SubgraphNodeOf(task).Enter(
            StateModel<TState>.Give(StateOf(parent)), CheckpointNamespace.Of(parent.Namespace, task.Node, task.Id));
    }

    public override TaskWrites LeaveSubgraph(Checkpoint parent, GraphTask task, Checkpoint child)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(child);
        var state = StateOf(parent);
        var given = StateModel<TState>.Give(state);
        var command = SubgraphNodeOf(task).Leave(given, child.State)
            ?? throw new GraphUpdateException($"Node '{task.Node}' left its subgraph with null. Return the parent's state, or a command.");
        return Finish(state, given, command.State, task, Targets.Of(command, DefinitionOf(task)));
    }

    private TaskWrites Finish(TState state, TState given, TState returned, GraphTask task, ImmutableArray<PlannedTask> chosen)
    {
        var update = _model.Diff(given, returned, task.Node, task.Id);
        // Branches see the state with the node's own writes and nobody else's: those of its siblings may not even exist yet.
        var own = update is null || !_routers.Contains(task.Node)
            ? state
            : _model.Peek(state, new(task.Node, task.Id, update));
        var (tracked, untracked) = _model.Split(update);
        return new()
        {
            TaskId = task.Id,
            Node = task.Node,
            Finished = true,
            Update = tracked,
            Kinds = _model.Kinds(tracked),
            Untracked = untracked,
            Goto = [.. chosen, .. Route(task.Node, own)],
        };
    }

    private NodeDefinition<TState> DefinitionOf(GraphTask task) => _definitions.GetValueOrDefault(task.Node)
        ?? throw new InvalidOperationException(
            $"Graph '{Name}' has no node '{task.Node}', which an earlier version of it planned. Its nodes are {Names(_definitions.Keys)}.");

    private SubgraphNode<TState> SubgraphNodeOf(GraphTask task) => DefinitionOf(task).Subgraph
        ?? throw new InvalidOperationException($"Node '{task.Node}' runs no subgraph.");
}
