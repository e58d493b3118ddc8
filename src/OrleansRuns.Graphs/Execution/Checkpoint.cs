using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>A checkpoint as the engine works on it: the whole state and the plan of the next superstep. Immutable.</summary>
public sealed record Checkpoint
{
    /// <summary>Gets the checkpoint's id.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the id of the checkpoint before it, if any.</summary>
    public string? ParentId { get; init; }

    /// <summary>Gets the namespace: empty for the graph itself, "node:task" (nested with '|') for a subgraph.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Gets the number of the superstep that made it: -1 for a first input.</summary>
    public required int Step { get; init; }

    /// <summary>Gets what made the checkpoint.</summary>
    public required CheckpointSource Source { get; init; }

    /// <summary>Gets the state; its type is the graph's state type.</summary>
    public required GraphState State { get; init; }

    /// <summary>Gets the tasks of the next superstep, in their order, with their ids; empty when the graph has ended.</summary>
    public required ImmutableArray<GraphTask> Tasks { get; init; }

    /// <summary>Gets, by join, the nodes that have already arrived at it.</summary>
    public required ImmutableSortedDictionary<string, ImmutableArray<string>> Joins { get; init; }

    /// <summary>Gets the deferred nodes that wait until nothing else is left to run.</summary>
    public required ImmutableArray<string> Deferred { get; init; }

    /// <summary>Gets the nodes that ran in the superstep that made the checkpoint, in ordinal order; empty after an input.</summary>
    public ImmutableArray<string> Ran { get; init; } = [];
}

/// <summary>One task of a superstep.</summary>
/// <param name="Id">
/// A UUID-shaped truncated SHA-256 of (checkpoint id, namespace, step, node, place in the plan): the same in every process, before and
/// after a crash, so that a resume finds its pending writes.
/// </param>
/// <param name="Plan">The planned node and its private argument.</param>
public sealed record GraphTask(string Id, PlannedTask Plan)
{
    /// <summary>Gets the name of the node to run.</summary>
    public string Node => Plan.Node;
}

/// <summary>A checkpoint that has been computed but not yet been given an id and made durable.</summary>
public abstract class CheckpointDraft
{
    /// <summary>Gets the number of the superstep.</summary>
    public abstract int Step { get; }

    /// <summary>Gets what made the checkpoint.</summary>
    public abstract CheckpointSource Source { get; }

    /// <summary>Gives the draft its id.</summary>
    /// <param name="id">The id under which the checkpoint is about to be appended.</param>
    /// <returns>The checkpoint, with the tasks of the next superstep.</returns>
    public abstract Checkpoint Commit(string id);

    /// <summary>Renders what the log has to store.</summary>
    /// <param name="id">The same id as given to <see cref="Commit"/>.</param>
    /// <param name="full">Whether to store every channel's whole value instead of the changed channels' operations.</param>
    /// <returns>The record.</returns>
    public abstract CheckpointRecord ToRecord(string id, bool full);
}
