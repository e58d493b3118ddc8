using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>What a thread shows of itself.</summary>
[GenerateSerializer, Alias("OrleansRuns.ThreadStatus")]
[JsonConverter(typeof(JsonStringEnumConverter<ThreadStatus>))]
public enum ThreadStatus
{
    /// <summary>Nothing is under way.</summary>
    [JsonStringEnumMemberName("idle")]
    Idle = 0,

    /// <summary>A run is pending or running.</summary>
    [JsonStringEnumMemberName("busy")]
    Busy = 1,

    /// <summary>The newest checkpoint waits at an interrupt.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted = 2,

    /// <summary>The newest run failed.</summary>
    [JsonStringEnumMemberName("error")]
    Error = 3,
}

/// <summary>The state of a thread at one checkpoint.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.ThreadSnapshot")]
public sealed record ThreadSnapshot
{
    /// <summary>Gets the thread's id.</summary>
    [Id(0)]
    public required string ThreadId { get; init; }

    /// <summary>Gets the name of the graph.</summary>
    [Id(1)]
    public required string Graph { get; init; }

    /// <summary>Gets the id of the checkpoint; <see langword="null"/> on a thread that has none yet.</summary>
    [Id(2)]
    public string? CheckpointId { get; init; }

    /// <summary>Gets the id of the checkpoint before it.</summary>
    [Id(3)]
    public string? ParentCheckpointId { get; init; }

    /// <summary>Gets the number of the superstep that made the checkpoint.</summary>
    [Id(4)]
    public int Step { get; init; }

    /// <summary>Gets what made the checkpoint: "input", "loop", "update" or "fork".</summary>
    [Id(5)]
    public string? Source { get; init; }

    /// <summary>Gets the id of the run that made the checkpoint.</summary>
    [Id(6)]
    public string? RunId { get; init; }

    /// <summary>Gets when the checkpoint was made.</summary>
    [Id(7)]
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Gets the state as JSON, one member a channel.</summary>
    [Id(8)]
    public required string Values { get; init; }

    /// <summary>Gets the names of the nodes that have to run next; of a checkpoint that another one followed, that had to.</summary>
    [Id(9)]
    public IReadOnlyList<string> Next { get; init; } = [];

    /// <summary>Gets the questions that wait for an answer.</summary>
    [Id(10)]
    public IReadOnlyList<PendingInterrupt> Interrupts { get; init; } = [];

    /// <summary>Gets the thread's status; only told of the newest checkpoint.</summary>
    [Id(11)]
    public ThreadStatus? Status { get; init; }
}

/// <summary>A question that waits for an answer.</summary>
/// <param name="Id">The question's id.</param>
/// <param name="Node">The node that asks, with its subgraphs in front.</param>
/// <param name="Value">The question as JSON.</param>
/// <param name="AnswerSchema">The JSON schema of the answer.</param>
[GenerateSerializer, Immutable, Alias("OrleansRuns.PendingInterrupt")]
public sealed record PendingInterrupt(
    [property: Id(0)] string Id,
    [property: Id(1)] string Node,
    [property: Id(2)] string Value,
    [property: Id(3)] string? AnswerSchema);

/// <summary>An edit of a thread's state.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.UpdateStateRequest")]
public sealed record UpdateStateRequest
{
    /// <summary>Gets the channels to write as JSON, as a node would write them.</summary>
    [Id(0)]
    public required string Values { get; init; }

    /// <summary>Gets the node in whose name the edit is made; inferred when it is unambiguous.</summary>
    [Id(1)]
    public string? AsNode { get; init; }

    /// <summary>Gets the checkpoint to edit, which forks the thread; <see langword="null"/> for the newest.</summary>
    [Id(2)]
    public string? CheckpointId { get; init; }

    /// <summary>
    /// Gets the id of the edit: a UUIDv7, by which a repeated request changes nothing more; <see langword="null"/> for one that must not
    /// be repeated. <see cref="RunThread"/> sets it, and repeats the request when it meets a silo in transition.
    /// </summary>
    [Id(3)]
    public string? EditId { get; init; }
}
