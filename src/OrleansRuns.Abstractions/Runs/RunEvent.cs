namespace OrleansRuns.Abstractions;

/// <summary>One event of a run.</summary>
/// <param name="Number">
/// The event's number. Numbers of a run rise from 0 and are never given twice. After a process was lost they jump, because nobody knows
/// how many it had given; a <see cref="RunEventKinds.Gap"/> event says so.
/// </param>
/// <param name="Kind">The kind of event, one of <see cref="RunEventKinds"/>.</param>
/// <param name="Namespace">The namespace of the graph that it comes from: empty for the run's own graph.</param>
/// <param name="Step">The superstep.</param>
/// <param name="CheckpointId">The durable checkpoint the event tells of, if it tells of one.</param>
/// <param name="Data">The payload as JSON.</param>
[GenerateSerializer, Immutable, Alias("OrleansRuns.RunEvent")]
public sealed record RunEvent(
    [property: Id(0)] long Number,
    [property: Id(1)] string Kind,
    [property: Id(2)] string Namespace,
    [property: Id(3)] int Step,
    [property: Id(4)] string? CheckpointId,
    [property: Id(5)] string Data);

/// <summary>The kinds of <see cref="RunEvent"/>.</summary>
/// <remarks>
/// What tells of something durable is told again from the log for as long as the log is kept, with the number it had: metadata, values,
/// updates, checkpoints, interrupts, that tasks end or ask, and the end. The rest lives only in the memory of the silo that has the run.
/// </remarks>
public static class RunEventKinds
{
    /// <summary>An attempt began: {"runId", "attempt"}.</summary>
    public const string Metadata = "metadata";

    /// <summary>The state after a checkpoint.</summary>
    public const string Values = "values";

    /// <summary>What the nodes of a superstep wrote, by node: [{"node", "taskId", "update"}].</summary>
    public const string Updates = "updates";

    /// <summary>A checkpoint is durable: {"id", "parentId", "step", "source", "next"}.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>
    /// A task started or ended: {"taskId", "node", "phase": "start"|"retry"|"error"|"end"|"interrupt"}. A start, a retry and an error also
    /// have "attempt" and "error", which is null unless the attempt failed. An end and an interrupt are durable, and have "cached": whether
    /// the end repeats what an earlier task with the same key wrote.
    /// </summary>
    public const string Tasks = "tasks";

    /// <summary>A value that a node emitted: {"node", "taskId", "value"}.</summary>
    public const string Custom = "custom";

    /// <summary>A piece of a message that a node emitted: {"node", "taskId", "id", "chunk"}.</summary>
    public const string Messages = "messages";

    /// <summary>The run waits for answers: [{"id", "node", "value", "answerSchema"}].</summary>
    public const string Interrupt = "interrupt";

    /// <summary>Events between the last number and this one are no longer kept: {"from", "to"}.</summary>
    public const string Gap = "gap";

    /// <summary>The run has ended; always the last event: the run's snapshot.</summary>
    public const string End = "end";

    /// <summary>Gets all kinds.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Metadata, Values, Updates, Checkpoints, Tasks, Custom, Messages, Interrupt, Gap, End];
}
