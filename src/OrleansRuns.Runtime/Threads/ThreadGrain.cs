using Microsoft.Extensions.Logging;
using Orleans.Placement;
using OrleansRuns.Abstractions;
using ThreadState = OrleansRuns.Abstractions.ThreadState;

namespace OrleansRuns.Runtime;

/// <summary>Answers for one thread. Starts and edits come one at a time; reads interleave.</summary>
[GrainType("thread"), RandomPlacement]
internal sealed partial class ThreadGrain(
    IRunCatalog catalog, RunAdmission admission, ThreadReader reader, ThreadEdits edits, ILogger<ThreadGrain> logger)
    : Grain, IThreadGrain
{
    private const int MaxLimit = 1000;

    private string ThreadId => this.GetPrimaryKeyString();

    public async Task<RunSnapshot> StartRunAsync(StartRunRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var run = await admission.AdmitAsync(ThreadId, request, cancellationToken);
        try
        {
            return await GrainFactory.GetGrain<IRunGrain>(run.RunId).GetAsync(CancellationToken.None);
        }
        catch (Exception exception)
        {
            // The run is durable, and that is what was asked for: the client's next question or recovery makes it begin.
            LogNotBegun(logger, exception, run.RunId, ThreadId);
            return run.ToSnapshot();
        }
    }

    public async Task<ThreadState> GetStateAsync(string? checkpointId, CancellationToken cancellationToken)
    {
        var thread = await FindAsync(cancellationToken);
        var point = await reader.FindAsync(thread, checkpointId, cancellationToken);
        if (point is null && checkpointId is not null)
        {
            throw new CheckpointNotFoundException(ThreadId, checkpointId);
        }

        var newest = await catalog.ListRunsAsync(ThreadId, 1, cancellationToken);
        return checkpointId is null
            ? ThreadStates.Newest(thread, point, newest.FirstOrDefault())
            : ThreadStates.At(thread, point!);
    }

    public async Task<IReadOnlyList<ThreadState>> GetHistoryAsync(string? before, int limit, CancellationToken cancellationToken)
    {
        CheckLimit(limit);
        var thread = await FindAsync(cancellationToken);
        var points = await reader.ReadHistoryAsync(thread, before, limit, cancellationToken);
        return [.. points.Select(point => ThreadStates.At(thread, point))];
    }

    public async Task<IReadOnlyList<RunSnapshot>> GetRunsAsync(int limit, CancellationToken cancellationToken)
    {
        CheckLimit(limit);
        return [.. (await catalog.ListRunsAsync(ThreadId, limit, cancellationToken)).Select(run => run.ToSnapshot())];
    }

    public async Task<ThreadState> UpdateStateAsync(UpdateStateRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await edits.UpdateAsync(await FindAsync(cancellationToken), request, cancellationToken);
        return await GetStateAsync(null, CancellationToken.None);
    }

    public async Task<ThreadState> ForkAsync(string checkpointId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpointId);
        await edits.ForkAsync(await FindAsync(cancellationToken), checkpointId, cancellationToken);
        return await GetStateAsync(null, CancellationToken.None);
    }

    private static void CheckLimit(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxLimit);
    }

    private async Task<ThreadRow> FindAsync(CancellationToken cancellationToken) =>
        await catalog.FindThreadAsync(ThreadId, cancellationToken) ?? throw new ThreadNotFoundException(ThreadId);

    [LoggerMessage(3210, LogLevel.Warning, "Run {RunId} of thread {ThreadId} was admitted but its grain did not answer. It begins later.")]
    private static partial void LogNotBegun(ILogger logger, Exception exception, string runId, string threadId);
}
