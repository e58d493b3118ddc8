using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>How one attempt of a run ended, as its log tells it.</summary>
internal sealed record RunOutcome
{
    /// <summary>Gets whether another writer has taken the thread over: this attempt must write nothing more, no status either.</summary>
    public bool IsFenced { get; init; }

    /// <summary>Gets the status the run ended with; the log's end entry is durable.</summary>
    public RunStatus Status { get; init; }

    /// <summary>Gets why it is not a success.</summary>
    public StopReason? StopReason { get; init; }

    /// <summary>Gets the error's message.</summary>
    public string? Error { get; init; }

    /// <summary>Gets what the log says of the thread's status; <see langword="null"/> when it has to be read again.</summary>
    public ThreadRest? Rest { get; init; }

    /// <summary>Gets the newest durable checkpoint of the run's own graph.</summary>
    public string? CheckpointId { get; init; }
}
