using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>What a run wants of its graph, beside the graph's own options.</summary>
public sealed record SuperstepLimits
{
    /// <summary>Gets the first step that must not run any more: the step the run began at plus its recursion limit.</summary>
    public required int StopStep { get; init; }

    /// <summary>Gets the nodes to stop before, beside those of the graph; "*" means every node.</summary>
    public ImmutableArray<string> InterruptBefore { get; init; } = [];

    /// <summary>Gets the nodes to stop after, beside those of the graph; "*" means every node.</summary>
    public ImmutableArray<string> InterruptAfter { get; init; } = [];

    /// <summary>Gets the checkpoint whose static interrupts were passed by a resume.</summary>
    public string? PassedCheckpointId { get; init; }

    /// <summary>Gets whether the run was asked to plan no further superstep.</summary>
    public bool DrainRequested { get; init; }
}

/// <summary>What comes next in a run.</summary>
public enum SuperstepDecision
{
    /// <summary>Run the tasks that have no finished writes yet.</summary>
    Run = 0,

    /// <summary>All tasks of the superstep are finished: fold their writes.</summary>
    Fold = 1,

    /// <summary>Nothing is left to run: the graph has ended.</summary>
    Finished = 2,

    /// <summary>A static interrupt stops the run here.</summary>
    StaticInterrupt = 3,

    /// <summary>Every unfinished task waits for an answer.</summary>
    WaitForAnswer = 4,

    /// <summary>Tasks are left, but the run was asked to drain.</summary>
    Drained = 5,

    /// <summary>Tasks are left, but the run has used up its supersteps.</summary>
    RecursionLimit = 6,
}
