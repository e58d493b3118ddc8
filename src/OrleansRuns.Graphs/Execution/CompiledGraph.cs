using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>A graph that was built and checked: what a runtime needs to execute it without knowing its state's type.</summary>
/// <remarks>Every member but <see cref="InvokeAsync"/> is pure: the same arguments give the same result in every process.</remarks>
public abstract class CompiledGraph
{
    /// <summary>Gets the name under which the graph is registered.</summary>
    public abstract string Name { get; }

    /// <summary>Gets a truncated SHA-256 of the graph's shape: nodes, edges, channels and their kinds.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Gets the nodes by name, in ordinal order.</summary>
    public abstract ImmutableSortedDictionary<string, NodeDescription> Nodes { get; }

    /// <summary>Gets the JSON schema of the input.</summary>
    public abstract JsonObject InputSchema { get; }

    /// <summary>Gets the JSON schema of the state.</summary>
    public abstract JsonObject StateSchema { get; }

    /// <summary>Draws the graph.</summary>
    /// <returns>A Mermaid flowchart.</returns>
    public abstract string DrawMermaid();

    /// <summary>Computes the checkpoint of a run's input.</summary>
    /// <param name="before">
    /// The thread's newest checkpoint, whose unfinished tasks are discarded; <see langword="null"/> on a new thread.
    /// </param>
    /// <param name="input">The input as JSON; checked strictly.</param>
    /// <exception cref="GraphInputException">The input does not fit; the message has the path to the member.</exception>
    public abstract CheckpointDraft ApplyInput(Checkpoint? before, JsonElement input);

    /// <summary>Computes the checkpoint of a caller's edit of the state.</summary>
    /// <param name="before">The checkpoint to edit.</param>
    /// <param name="pending">The finished writes of the superstep under way, which say who wrote last.</param>
    /// <param name="update">The channels to write, as task deltas.</param>
    /// <param name="asNode">The node in whose name the update is made; inferred when it is unambiguous.</param>
    /// <exception cref="GraphInputException">The update does not fit, or the node is unknown or ambiguous.</exception>
    public abstract CheckpointDraft ApplyUpdate(
        Checkpoint before, IReadOnlyList<TaskWrites> pending, JsonElement update, string? asNode);

    /// <summary>Computes a copy of an earlier checkpoint to go on from; its tasks get new ids and run again.</summary>
    public abstract CheckpointDraft Fork(Checkpoint origin);

    /// <summary>Folds a superstep: applies the writes of all its tasks in task order and plans the next one.</summary>
    /// <param name="before">The checkpoint whose tasks ran.</param>
    /// <param name="writes">The finished writes of every task of <paramref name="before"/>, in any order.</param>
    /// <exception cref="GraphUpdateException">Two tasks wrote what cannot be merged, or a write does not fit.</exception>
    public abstract CheckpointDraft Fold(Checkpoint before, IReadOnlyList<TaskWrites> writes);

    /// <summary>Rebuilds a checkpoint from the log.</summary>
    /// <param name="checkpointNamespace">The namespace of the records.</param>
    /// <param name="records">A full record and all that follow it in its line of descent, oldest first.</param>
    public abstract Checkpoint Load(string checkpointNamespace, IReadOnlyList<CheckpointRecord> records);

    /// <summary>Renders a loaded checkpoint as a full record, for a snapshot.</summary>
    public abstract CheckpointRecord ToFullRecord(Checkpoint checkpoint);

    /// <summary>Renders the state as JSON, one member a channel.</summary>
    public abstract JsonObject ToJson(Checkpoint checkpoint);

    /// <summary>Runs one attempt of one task.</summary>
    /// <param name="checkpoint">The checkpoint whose task it is.</param>
    /// <param name="task">The task.</param>
    /// <param name="context">What the node sees; also carries the answers to its questions.</param>
    /// <returns>The task's writes (finished), or its question (not finished).</returns>
    /// <remarks>What the node throws travels as it is; the caller asks <see cref="NodeOptions"/> whether to try again.</remarks>
    public abstract Task<TaskWrites> InvokeAsync(Checkpoint checkpoint, GraphTask task, NodeContext context);

    /// <summary>Computes the key under which a task's writes may be reused.</summary>
    /// <returns>The key, or <see langword="null"/> when the node is not cached.</returns>
    /// <remarks>What the author's key function throws travels as it is.</remarks>
    public abstract string? CacheKeyOf(Checkpoint checkpoint, GraphTask task);

    /// <summary>Turns a task's final error into writes when the node names a handler.</summary>
    /// <returns>Finished writes that send the error to the handler, or <see langword="null"/> when the run has to fail.</returns>
    public abstract TaskWrites? HandleError(GraphTask task, NodeError error);

    /// <summary>Gets the graph that runs inside a node.</summary>
    /// <returns>The subgraph, or <see langword="null"/> for a plain node.</returns>
    public abstract CompiledGraph? SubgraphOf(string node);

    /// <summary>Computes the input checkpoint of a subgraph's task.</summary>
    public abstract CheckpointDraft EnterSubgraph(Checkpoint parent, GraphTask task);

    /// <summary>Computes what a subgraph's task writes to its parent when the subgraph has ended.</summary>
    public abstract TaskWrites LeaveSubgraph(Checkpoint parent, GraphTask task, Checkpoint child);

    /// <summary>
    /// Finds a channel that a task of another version wrote and that this version of the graph does not have, or has as another kind.
    /// </summary>
    /// <returns>The name of the first such channel, or <see langword="null"/> when the writes can be folded.</returns>
    public abstract string? Misfit(TaskWrites writes);

    /// <summary>Finds a planned node that this version of the graph does not have; such a checkpoint can be read but not run.</summary>
    /// <returns>The name of the first such node, or <see langword="null"/> when every planned node exists.</returns>
    public string? MissingNode(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return checkpoint.Tasks.Select(task => task.Node).Concat(checkpoint.Deferred).FirstOrDefault(node => !Nodes.ContainsKey(node));
    }
}

/// <summary>What is known of a node without running it.</summary>
public sealed record NodeDescription
{
    /// <summary>Gets the node's name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets how the node is executed.</summary>
    public required NodeOptions Options { get; init; }

    /// <summary>Gets whether the node runs a graph of its own.</summary>
    public bool IsSubgraph { get; init; }
}
