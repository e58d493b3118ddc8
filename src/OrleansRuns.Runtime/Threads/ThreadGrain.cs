using Microsoft.Extensions.Logging;
using Orleans.Placement;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Answers for one thread. Starts and edits come one at a time; reads interleave.</summary>
[GrainType("thread"), RandomPlacement]
internal partial class ThreadGrain(
    IRunCatalog catalog,
    RunAdmission admission,
    RunWaker waker,
    IThreadHistory history,
    ThreadEdits edits,
    GraphSilos graphSilos,
    ThreadMetadata threadMetadata,
    ILogger<ThreadGrain> logger)
    : Grain, IThreadGrain
{
    /// <summary>Gets whether calls have been passed on to this grain already.</summary>
    protected virtual bool IsDesk => false;

    protected virtual string ThreadId => this.GetPrimaryKeyString();

    public async Task<RunSnapshot> StartRunAsync(StartRunRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var outcome = await admission.AdmitAsync(ThreadId, request, cancellationToken);
        var run = outcome.Run!;
        if (!outcome.Superseded.IsEmpty)
        {
            // Their intents are durable. The thread does not wait for them: a silo that has just died answers only when it is missed.
            var action = request.Strategy == MultitaskStrategy.Rollback ? CancelAction.Rollback : CancelAction.Interrupt;
            _ = waker.CancelAsync(outcome.Superseded, action);
        }

        if (!run.HoldsSlot)
        {
            return run.ToSnapshot();
        }

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

    public Task<ThreadSnapshot> GetStateAsync(string? checkpointId, CancellationToken cancellationToken) =>
        history.GetStateAsync(ThreadId, checkpointId, cancellationToken);

    public Task<IReadOnlyList<ThreadSnapshot>> GetHistoryAsync(string? before, int limit, CancellationToken cancellationToken) =>
        history.GetHistoryAsync(ThreadId, before, limit, cancellationToken);

    public Task<IReadOnlyList<RunSnapshot>> GetRunsAsync(int limit, CancellationToken cancellationToken) =>
        history.GetRunsAsync(ThreadId, limit, cancellationToken);

    public async Task<ThreadSnapshot> UpdateStateAsync(UpdateStateRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await edits.UpdateAsync(await FindAsync(cancellationToken), request, cancellationToken);
        return await GetStateAsync(null, CancellationToken.None);
    }

    public async Task<ThreadSnapshot> ForkAsync(string checkpointId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpointId);
        await edits.ForkAsync(await FindAsync(cancellationToken), checkpointId, cancellationToken);
        return await GetStateAsync(null, CancellationToken.None);
    }

    public Task<string> UpdateMetadataAsync(string metadata, CancellationToken cancellationToken) =>
        threadMetadata.MergeAsync(ThreadId, metadata, cancellationToken);

    private async Task<ThreadRow> FindAsync(CancellationToken cancellationToken) =>
        await catalog.FindThreadAsync(ThreadId, cancellationToken) ?? throw new ThreadNotFoundException(ThreadId);

    [LoggerMessage(3210, LogLevel.Warning, "Run {RunId} of thread {ThreadId} was admitted but its grain did not answer. It begins later.")]
    private static partial void LogNotBegun(ILogger logger, Exception exception, string runId, string threadId);
}
