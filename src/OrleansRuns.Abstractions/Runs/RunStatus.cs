using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>The status of a run. It travels in lower case on the wire, in logs and in SQL.</summary>
[GenerateSerializer, Alias("OrleansRuns.RunStatus")]
[JsonConverter(typeof(JsonStringEnumConverter<RunStatus>))]
public enum RunStatus
{
    /// <summary>Admitted, durable, not begun.</summary>
    [JsonStringEnumMemberName("pending")]
    Pending = 0,

    /// <summary>A run grain executes it.</summary>
    [JsonStringEnumMemberName("running")]
    Running = 1,

    /// <summary>It ended by itself, or stopped at an interrupt of its graph.</summary>
    [JsonStringEnumMemberName("success")]
    Success = 2,

    /// <summary>It failed.</summary>
    [JsonStringEnumMemberName("error")]
    Error = 3,

    /// <summary>It ran out of its time.</summary>
    [JsonStringEnumMemberName("timeout")]
    Timeout = 4,

    /// <summary>It was stopped from outside before it ended.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted = 5,
}

/// <summary>Why a run is not a success.</summary>
[GenerateSerializer, Alias("OrleansRuns.StopReason")]
[JsonConverter(typeof(JsonStringEnumConverter<StopReason>))]
public enum StopReason
{
    /// <summary>Somebody cancelled it.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled = 0,

    /// <summary>A newer run on the thread took over.</summary>
    [JsonStringEnumMemberName("superseded")]
    Superseded = 1,

    /// <summary>Its silo shut down.</summary>
    [JsonStringEnumMemberName("drained")]
    Drained = 2,

    /// <summary>Its silo died again and again and recovery gave up.</summary>
    [JsonStringEnumMemberName("orphaned")]
    Orphaned = 3,

    /// <summary>It used up its supersteps.</summary>
    [JsonStringEnumMemberName("recursion_limit")]
    RecursionLimit = 4,

    /// <summary>A node ran out of its time.</summary>
    [JsonStringEnumMemberName("node_timeout")]
    NodeTimeout = 5,

    /// <summary>The run ran out of its time.</summary>
    [JsonStringEnumMemberName("run_timeout")]
    RunTimeout = 6,

    /// <summary>A node failed.</summary>
    [JsonStringEnumMemberName("node_error")]
    NodeError = 7,
}

/// <summary>What a cancel does with the run's checkpoints.</summary>
[GenerateSerializer, Alias("OrleansRuns.CancelAction")]
[JsonConverter(typeof(JsonStringEnumConverter<CancelAction>))]
public enum CancelAction
{
    /// <summary>They stay.</summary>
    [JsonStringEnumMemberName("interrupt")]
    Interrupt = 0,

    /// <summary>
    /// The thread returns to the state it had before the run, and the run vanishes from lists and history. What its nodes did outside
    /// the state is not undone.
    /// </summary>
    [JsonStringEnumMemberName("rollback")]
    Rollback = 1,
}

/// <summary>What becomes of a run that is started while others of its thread are not final.</summary>
[GenerateSerializer, Alias("OrleansRuns.MultitaskStrategy")]
[JsonConverter(typeof(JsonStringEnumConverter<MultitaskStrategy>))]
public enum MultitaskStrategy
{
    /// <summary>It is refused with a <see cref="ThreadBusyException"/>.</summary>
    [JsonStringEnumMemberName("reject")]
    Reject = 0,

    /// <summary>It waits until those before it have ended: first in, first out.</summary>
    [JsonStringEnumMemberName("enqueue")]
    Enqueue = 1,

    /// <summary>The others are cancelled and keep their checkpoints; it begins after the last write of the active one.</summary>
    [JsonStringEnumMemberName("interrupt")]
    Interrupt = 2,

    /// <summary>The others are cancelled and rolled back; it begins from the state before the active one.</summary>
    [JsonStringEnumMemberName("rollback")]
    Rollback = 3,
}

/// <summary>Questions about a <see cref="RunStatus"/>.</summary>
public static class RunStatusExtensions
{
    /// <summary>Tells whether nothing can change the status any more.</summary>
    /// <param name="status">The status.</param>
    /// <param name="resumable">Whether an interrupted run is to be continued elsewhere.</param>
    public static bool IsFinal(this RunStatus status, bool resumable) => status switch
    {
        RunStatus.Success or RunStatus.Error or RunStatus.Timeout => true,
        RunStatus.Interrupted => !resumable,
        _ => false,
    };
}
