using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>A compiled graph, knowing its state's type: plans, folds and stores.</summary>
internal sealed partial class CompiledGraph<TState> : CompiledGraph
    where TState : GraphState, new()
{
    private readonly StateModel<TState> _model;
    private readonly Planner _planner;
    private readonly InputDefinition<TState>? _input;
    private readonly ImmutableSortedDictionary<string, NodeDefinition<TState>> _definitions;
    private readonly ILookup<string, Router<TState>> _routers;

    internal CompiledGraph(string name, StateModel<TState> model, GraphBuilder<TState> builder, GraphShape shape)
    {
        Name = name;
        Shape = shape;
        _model = model;
        _planner = new(shape);
        _input = builder.InputDefinition;
        _definitions = builder.Nodes.ToImmutableSortedDictionary(node => node.Name, node => node, StringComparer.Ordinal);
        _routers = builder.Routers.ToLookup(router => router.From.Name, router => router.Choose, StringComparer.Ordinal);
        Nodes = builder.Nodes.ToImmutableSortedDictionary(
            node => node.Name,
            node => new NodeDescription { Name = node.Name, Options = node.Options, IsSubgraph = node.Subgraph is not null },
            StringComparer.Ordinal);
        Fingerprint = GraphFingerprint.Of(shape);
    }

    public override string Name { get; }

    public override string Fingerprint { get; }

    public override ImmutableSortedDictionary<string, NodeDescription> Nodes { get; }

    // A JSON node is mutable, so every caller gets its own.
    public override JsonObject InputSchema =>
        _input is null ? (JsonObject)_model.UpdateSchema.DeepClone() : StrictJson.Schema(_input.Type);

    public override JsonObject StateSchema => (JsonObject)_model.Schema.DeepClone();

    internal GraphShape Shape { get; }

    public override string DrawMermaid() => MermaidDrawing.Draw(Shape);

    public override CheckpointDraft Fold(Checkpoint before, IReadOnlyList<TaskWrites> writes)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(writes);
        var ordered = InTaskOrder(before, writes);
        if (ordered.Length != before.Tasks.Length)
        {
            throw new ArgumentException(
                $"Checkpoint '{before.Id}' has {before.Tasks.Length} tasks, but the writes of {ordered.Length} are finished.",
                nameof(writes));
        }

        var fold = _model.Fold(StateOf(before), [.. ordered.SelectMany(ToChannels)]);
        return new Draft<TState>(_model)
        {
            Number = before.Step + 1,
            MadeBy = CheckpointSource.Loop,
            Namespace = before.Namespace,
            ParentId = before.Id,
            State = fold.After,
            Operations = fold.Operations,
            Plan = _planner.Next(Waiting(before), ordered.Select(ToDeparture)),
            Ran = [.. ordered.Select(write => write.Node).Distinct().Order(StringComparer.Ordinal)],
        };
    }

    public override Checkpoint Load(string checkpointNamespace, IReadOnlyList<CheckpointRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        if (records is not [{ Full: true }, ..])
        {
            throw new ArgumentException("The records must begin with a full one.", nameof(records));
        }

        var state = records.Aggregate(
            _model.Initial, (state, record) => _model.Replay(record.Full ? _model.Initial : state, record.Channels));
        var last = records[^1];
        return new()
        {
            Id = last.Id,
            ParentId = last.ParentId,
            Namespace = checkpointNamespace,
            Step = last.Step,
            Source = last.Source,
            State = state,
            Tasks = Draft<TState>.Identify(last.Id, checkpointNamespace, last.Step, last.Next),
            Joins = last.Joins.WithComparers(StringComparer.Ordinal),
            Deferred = last.Deferred,
            Ran = last.Ran,
        };
    }

    public override CheckpointRecord ToFullRecord(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return new()
        {
            Id = checkpoint.Id,
            ParentId = checkpoint.ParentId,
            Step = checkpoint.Step,
            Source = checkpoint.Source,
            Full = true,
            Channels = _model.Snapshot(StateOf(checkpoint)),
            Next = [.. checkpoint.Tasks.Select(task => task.Plan)],
            Joins = checkpoint.Joins,
            Deferred = checkpoint.Deferred,
            Ran = checkpoint.Ran,
        };
    }

    public override JsonObject ToJson(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return _model.ToJson(StateOf(checkpoint));
    }

    private static TState StateOf(Checkpoint checkpoint) => checkpoint.State as TState
        ?? throw new ArgumentException($"Checkpoint '{checkpoint.Id}' holds a state of another graph.", nameof(checkpoint));

    private static SuperstepPlan Waiting(Checkpoint checkpoint) => new([], checkpoint.Joins, checkpoint.Deferred);

    private static IEnumerable<ChannelWrite> ToChannels(TaskWrites writes) =>
        [new(writes.Node, writes.TaskId, writes.Update, writes.Kinds), new(writes.Node, writes.TaskId, writes.Untracked)];

    // What a failed task chose is its handler; its own edges are not followed.
    private static Departure ToDeparture(TaskWrites writes) => new(writes.Node, writes.Goto) { FollowsEdges = writes.Error is null };

    private static ImmutableArray<TaskWrites> InTaskOrder(Checkpoint checkpoint, IEnumerable<TaskWrites> writes)
    {
        var finished = writes.Where(write => write.Finished).ToDictionary(write => write.TaskId, StringComparer.Ordinal);
        var ordered = checkpoint.Tasks.Where(task => finished.ContainsKey(task.Id)).Select(task => finished[task.Id]);
        ImmutableArray<TaskWrites> result = [.. ordered];
        return result.Length == finished.Count
            ? result
            : throw new ArgumentException($"Some writes are of no task of checkpoint '{checkpoint.Id}'.", nameof(writes));
    }

    private ImmutableArray<PlannedTask> Route(string node, TState state) =>
        [.. _routers[node].SelectMany(choose => choose(state))];
}
