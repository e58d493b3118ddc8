using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>A computed checkpoint, knowing its state's type.</summary>
internal sealed class Draft<TState>(StateModel<TState> model) : CheckpointDraft
    where TState : GraphState, new()
{
    public override int Step => Number;

    public override CheckpointSource Source => MadeBy;

    internal required int Number { get; init; }

    internal required CheckpointSource MadeBy { get; init; }

    internal required string Namespace { get; init; }

    internal required string? ParentId { get; init; }

    internal required TState State { get; init; }

    /// <summary>Gets what changed since the parent; <see langword="null"/> when only the whole state can be stored.</summary>
    internal required ImmutableSortedDictionary<string, JsonElement>? Operations { get; init; }

    internal required SuperstepPlan Plan { get; init; }

    internal ImmutableArray<string> Ran { get; init; } = [];

    public override Checkpoint Commit(string id) => new()
    {
        Id = id,
        ParentId = ParentId,
        Namespace = Namespace,
        Step = Number,
        Source = MadeBy,
        State = State,
        Tasks = Identify(id, Namespace, Number, Plan.Tasks),
        Joins = Plan.Joins,
        Deferred = Plan.Deferred,
        Ran = Ran,
    };

    public override CheckpointRecord ToRecord(string id, bool full)
    {
        // The first record of a line has nothing to stand on.
        var whole = full || Operations is null || ParentId is null;
        return new()
        {
            Id = id,
            ParentId = ParentId,
            Step = Number,
            Source = MadeBy,
            Full = whole,
            Channels = whole ? model.Snapshot(State) : Operations!,
            Next = Plan.Tasks,
            Joins = Plan.Joins,
            Deferred = Plan.Deferred,
            Ran = Ran,
        };
    }

    /// <summary>Gives the planned tasks of a checkpoint their ids.</summary>
    internal static ImmutableArray<GraphTask> Identify(
        string id, string checkpointNamespace, int step, ImmutableArray<PlannedTask> tasks) =>
        [.. tasks.Select((task, place) => new GraphTask(StableId.ForTask(id, checkpointNamespace, step, task.Node, place), task))];
}
