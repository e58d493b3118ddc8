using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Reads threads from their logs.</summary>
internal sealed class ThreadReader(IThreadLogStore log, GraphRegistry graphs)
{
    internal Task<ThreadPoint?> FindAsync(ThreadRow thread, string? checkpointId, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{log} {graphs} {thread} {checkpointId} {cancellationToken}");

    internal Task<IReadOnlyList<ThreadPoint>> ReadHistoryAsync(
        ThreadRow thread, string? before, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{thread} {before} {limit} {cancellationToken}{log}");
    internal Task<RunEndPoint?> FindEndAsync(RunRow run, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{run} {cancellationToken}{log}");
}
internal sealed record RunEndPoint(long NextEvent, Checkpoint? Checkpoint, string? Values);
