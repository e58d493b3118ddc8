using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>Decides what a run does next. Pure.</summary>
public static class Superstep
{
    /// <summary>Decides what comes next after a checkpoint.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="checkpoint">The newest checkpoint of one namespace.</param>
    /// <param name="writesByTask">The pending writes of its tasks so far, by task id.</param>
    /// <param name="limits">What the run wants.</param>
    /// <returns>The decision.</returns>
    /// <remarks>
    /// A graph with nothing left to run is finished, whatever else is asked. Static interrupts, the recursion limit and a drain are
    /// looked at in this order and only between supersteps: once a task of the superstep has left any writes, a question or an answer,
    /// the superstep runs to its fold. Ask again after every task that finishes, and after every fold.
    /// </remarks>
    public static SuperstepDecision Decide(
        CompiledGraph graph, Checkpoint checkpoint, IReadOnlyDictionary<string, TaskWrites> writesByTask, SuperstepLimits limits)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(writesByTask);
        ArgumentNullException.ThrowIfNull(limits);
        if (checkpoint.Tasks.IsEmpty)
        {
            return SuperstepDecision.Finished;
        }

        if (!checkpoint.Tasks.Any(task => writesByTask.ContainsKey(task.Id)))
        {
            return IsStaticInterrupt(graph, checkpoint, limits) ? SuperstepDecision.StaticInterrupt
                : checkpoint.Step + 1 >= limits.StopStep ? SuperstepDecision.RecursionLimit
                : limits.DrainRequested ? SuperstepDecision.Drained
                : SuperstepDecision.Run;
        }

        var open = checkpoint.Tasks.Select(task => writesByTask.GetValueOrDefault(task.Id)).Where(write => write is not { Finished: true });
        return !open.Any() ? SuperstepDecision.Fold
            : open.All(write => write is { Interrupts.IsEmpty: false }) ? SuperstepDecision.WaitForAnswer
            : SuperstepDecision.Run;
    }

    private static bool IsStaticInterrupt(CompiledGraph graph, Checkpoint checkpoint, SuperstepLimits limits)
    {
        if (limits.PassedCheckpointId == checkpoint.Id)
        {
            return false;
        }

        // Only a superstep runs nodes; an edit made in a node's name does not stop after it.
        var ran = checkpoint.Source == CheckpointSource.Loop ? checkpoint.Ran : [];
        return checkpoint.Tasks.Any(task => Stops(task.Node, limits.InterruptBefore, options => options.InterruptBefore))
            || ran.Any(node => Stops(node, limits.InterruptAfter, options => options.InterruptAfter));

        bool Stops(string node, ImmutableArray<string> named, Func<NodeOptions, bool> own) =>
            named.Contains(node) || named.Contains("*") || (graph.Nodes.TryGetValue(node, out var description) && own(description.Options));
    }
}

/// <summary>What a run wants of its graph, beside the graph's own options.</summary>
public sealed record SuperstepLimits
{
    /// <summary>
    /// Gets the first step that must not run any more: the step of the checkpoint the run began at, plus one, plus its recursion limit.
    /// So as many supersteps as the limit may run, and only a graph that is not finished by then has reached it.
    /// </summary>
    public required int StopStep { get; init; }

    /// <summary>Computes <see cref="StopStep"/>; a limit that reaches beyond the last number there is ends there.</summary>
    /// <param name="step">The step of the checkpoint the run began at.</param>
    /// <param name="recursionLimit">How many supersteps may run.</param>
    public static int StopStepOf(int step, int recursionLimit) => (int)Math.Min(step + 1L + recursionLimit, int.MaxValue);

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
