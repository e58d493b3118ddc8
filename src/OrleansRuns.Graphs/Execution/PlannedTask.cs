using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>A task that the next superstep has to run, as a checkpoint stores it.</summary>
/// <remarks>
/// The order of planned tasks is part of the checkpoint: sends first, in the order they were sent, then triggered nodes by ordinal
/// name. A task's id is not stored: it follows from the checkpoint's id and the task's place in the plan.
/// </remarks>
public sealed record PlannedTask
{
    /// <summary>Gets the name of the node to run.</summary>
    public required string Node { get; init; }

    /// <summary>Gets the private argument of a send; <see langword="null"/> for a triggered node, which reads the state.</summary>
    public JsonElement? Argument { get; init; }
}
