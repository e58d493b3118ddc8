using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Takes one namespace of a run from superstep to superstep: the run's own graph, or a subgraph inside one of its tasks.</summary>
internal sealed class GraphLoop(RunSetup setup, CompiledGraph graph, RunLog log, NodeRunner nodes)
{
    /// <summary>Runs until the graph has ended, waits, has failed or is stopped.</summary>
    /// <param name="checkpoint">The newest checkpoint of the namespace.</param>
    /// <param name="limits">What the run wants of the namespace.</param>
    /// <param name="stop">Asks the nodes to stop.</param>
    internal async Task<LoopEnd> RunAsync(Checkpoint checkpoint, SuperstepLimits limits, CancellationToken stop)
    {
        while (true)
        {
            if (graph.MissingNode(checkpoint) is { } missing)
            {
                return Failed(
                    checkpoint,
                    StopReason.NodeError,
                    $"Graph '{graph.Name}' no longer has the node '{missing}', which is planned next. Bring the node back and go on with "
                    + "the thread, or edit its state; nothing of it was changed.");
            }

            if (Ending(checkpoint, limits) is { } end)
            {
                return end;
            }

            // After it is known that there is more to do: what has just ended is done, whatever was asked.
            if (stop.IsCancellationRequested || setup.Draining.IsCancellationRequested)
            {
                return new LoopEnd(LoopEndKind.Stopped, checkpoint);
            }

            setup.Pace?.Begin(nodes.Time.GetTimestamp());
            var step = new SuperstepRun(setup, graph, log, nodes, checkpoint, WritesOf(checkpoint), limits);
            if (await step.RunAsync(stop) is { } unfinished)
            {
                return unfinished;
            }

            CheckpointDraft draft;
            try
            {
                draft = graph.Fold(checkpoint, [.. step.Writes.Values]);
            }
            catch (GraphUpdateException exception)
            {
                await step.SaveAsync();
                return Failed(checkpoint, StopReason.NodeError, exception.Message);
            }

            var before = checkpoint;
            try
            {
                checkpoint = await log.AppendAsync(graph, before.Namespace, draft, [step.Telling]);
            }
            catch (LogEntryTooLargeException exception)
            {
                await step.SaveAsync();
                return Failed(before, StopReason.NodeError, TooLarge(before, exception));
            }

            setup.Pace?.End(nodes.Time);
            nodes.Instruments.SuperstepEnded();
        }
    }

    internal static LoopEnd Failed(Checkpoint checkpoint, StopReason reason, string error) =>
        new(LoopEndKind.Failed, checkpoint) { StopReason = reason, Error = error };

    internal static string TooLarge(Checkpoint checkpoint, LogEntryTooLargeException exception) =>
        $"Superstep {checkpoint.Step + 1} wrote more than the log takes, so that nothing of it was changed. Its nodes: "
        + $"{string.Join(", ", checkpoint.Tasks.Select(task => task.Node).Distinct())}. {exception.Message}";

    private LoopEnd? Ending(Checkpoint checkpoint, SuperstepLimits limits)
    {
        var writes = WritesOf(checkpoint);
        var decision = Superstep.Decide(graph, checkpoint, writes, limits);
        return decision switch
        {
            SuperstepDecision.Finished => new LoopEnd(LoopEndKind.Finished, checkpoint),
            SuperstepDecision.StaticInterrupt => new LoopEnd(LoopEndKind.Waiting, checkpoint),
            SuperstepDecision.WaitForAnswer => new LoopEnd(LoopEndKind.Waiting, checkpoint)
            {
                Interrupts = [.. writes.Values.SelectMany(one => one.Interrupts)],
            },
            SuperstepDecision.RecursionLimit => Failed(
                checkpoint,
                StopReason.RecursionLimit,
                $"The run took {setup.Request.RecursionLimit} superstep(s), its recursion limit, and graph '{graph.Name}' has not ended. "
                + "Raise the limit, or look for a loop without an end."),
            _ => null,
        };
    }

    private ImmutableSortedDictionary<string, TaskWrites> WritesOf(Checkpoint checkpoint) =>
        log.View.Namespaces[checkpoint.Namespace].Writes;
}
