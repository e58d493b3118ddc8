using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

internal sealed class ThreadHistory(IRunCatalog catalog, ThreadReader reader) : IThreadHistory
{
    private const int MaxLimit = 1000;

    public async Task<ThreadSnapshot> GetStateAsync(string threadId, string? checkpointId, CancellationToken cancellationToken)
    {
        var thread = await FindAsync(threadId, cancellationToken);
        var point = await reader.FindAsync(thread, checkpointId, cancellationToken);
        if (checkpointId is not null)
        {
            return ThreadStates.At(thread, point ?? throw new CheckpointNotFoundException(threadId, checkpointId));
        }

        var newest = await catalog.ListRunsAsync(threadId, 1, cancellationToken);
        return ThreadStates.Newest(thread, point, newest.FirstOrDefault());
    }

    public async Task<IReadOnlyList<ThreadSnapshot>> GetHistoryAsync(
        string threadId, string? before, int limit, CancellationToken cancellationToken)
    {
        CheckLimit(limit);
        var thread = await FindAsync(threadId, cancellationToken);
        var points = await reader.ReadHistoryAsync(thread, before, limit, cancellationToken);
        return [.. points.Select(point => ThreadStates.At(thread, point))];
    }

    public async Task<IReadOnlyList<RunSnapshot>> GetRunsAsync(string threadId, int limit, CancellationToken cancellationToken)
    {
        CheckLimit(limit);
        return [.. (await catalog.ListRunsAsync(threadId, limit, cancellationToken)).Select(run => run.ToSnapshot())];
    }

    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        catalog.FindNewestThreadAsync(graph, cancellationToken);

    private static void CheckLimit(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxLimit);
    }

    private async Task<ThreadRow> FindAsync(string threadId, CancellationToken cancellationToken) =>
        await catalog.FindThreadAsync(threadId, cancellationToken) ?? throw new ThreadNotFoundException(threadId);
}
