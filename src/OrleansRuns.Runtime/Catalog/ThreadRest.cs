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
}
