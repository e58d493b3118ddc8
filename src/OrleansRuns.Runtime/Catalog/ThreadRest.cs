using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>What a thread's log says of the status it has when nobody holds it.</summary>
/// <param name="Asks">Whether questions wait for an answer.</param>
/// <param name="PlannedBy">The run or edit that made the newest checkpoint, if nodes are planned there.</param>
public sealed record ThreadRest(bool Asks, string? PlannedBy)
{
    /// <summary>Reads it from a log, without the graph, which this silo may not have.</summary>
    internal static ThreadRest Of(LogView view)
    {
        var asks = view.Namespaces.Values.SelectMany(one => one.Writes.Values).Any(one => !one.Finished && !one.Interrupts.IsEmpty);
        var planned = view.Root is { } root && root.Line[^1].Next.Length > root.Writes.Values.Count(one => one.Finished);
        return new ThreadRest(asks, planned ? view.Root!.RunId : null);
    }

    /// <summary>Derives the status. The databases' lists derive it likewise.</summary>
    /// <param name="newestRun">The thread's newest run that was not rolled back, if there is one.</param>
    internal ThreadStatus Status(RunSummary? newestRun) =>
        // A run that ended as a success with nodes still planned stopped before or after a node that its graph stops at.
        Asks || (newestRun is { Status: RunStatus.Success } && newestRun.RunId == PlannedBy) ? ThreadStatus.Interrupted
        : newestRun?.Status is RunStatus.Error or RunStatus.Timeout ? ThreadStatus.Error
        : ThreadStatus.Idle;
}
