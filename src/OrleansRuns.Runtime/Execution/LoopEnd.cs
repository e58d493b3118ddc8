using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Why the loop of one namespace came to its end.</summary>
internal enum LoopEndKind
{
    /// <summary>Nothing was left to run.</summary>
    Finished,

    /// <summary>It waits for answers, or stopped where its graph or run says.</summary>
    Waiting,

    /// <summary>It cannot go on.</summary>
    Failed,

    /// <summary>It was told to stop.</summary>
    Stopped,
}

/// <summary>How the loop of one namespace ended.</summary>
internal sealed record LoopEnd(LoopEndKind Kind, Checkpoint Checkpoint)
{
    /// <summary>Gets the questions that wait; empty for a static interrupt.</summary>
    internal ImmutableArray<Interrupt> Interrupts { get; init; } = [];

    /// <summary>Gets why it failed.</summary>
    internal StopReason? StopReason { get; init; }

    /// <summary>Gets what to tell of the failure.</summary>
    internal string? Error { get; init; }
}
