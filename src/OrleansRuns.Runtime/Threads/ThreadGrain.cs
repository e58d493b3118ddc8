using System.Collections.Immutable;
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
        if (SupersededBy(outcome, request) is { IsEmpty: false } superseded)
        {
            // Their intents are durable. The thread does not wait for them: a silo that has just died answers only when it is missed.
            var action = request.Strategy == MultitaskStrategy.Rollback ? CancelAction.Rollback : CancelAction.Interrupt;
            _ = waker.CancelAsync(superseded, action);
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

    public async Task<ThreadSnapshot> ForkAsync(string checkpointId, string? editId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpointId);
        await edits.ForkAsync(await FindAsync(cancellationToken), checkpointId, editId, cancellationToken);
        return await GetStateAsync(null, CancellationToken.None);
    }

    public Task<string> UpdateMetadataAsync(string metadata, CancellationToken cancellationToken) =>
        threadMetadata.MergeAsync(ThreadId, metadata, cancellationToken);

    /// <summary>Gets the runs that have to be told that the admitted one takes over.</summary>
    private static ImmutableArray<string> SupersededBy(AdmitOutcome outcome, StartRunRequest request)
    {
        var isRepeated = outcome is { Kind: AdmitKind.Exists, Run: { Status: RunStatus.Pending, HoldsSlot: false, CancelAction: null } }
            && request.Strategy is MultitaskStrategy.Interrupt or MultitaskStrategy.Rollback;
        // Whoever is in front of a run that superseded all others has its intent. Perhaps nobody told it: the admission's answer was lost.
        return isRepeated && outcome.Run!.Holder is { } holder && !ThreadSlots.IsEdit(holder) ? [holder] : outcome.Superseded;
    }

    private async Task<ThreadRow> FindAsync(CancellationToken cancellationToken) =>
        await catalog.FindThreadAsync(ThreadId, cancellationToken) ?? throw new ThreadNotFoundException(ThreadId);

    [LoggerMessage(3210, LogLevel.Warning, "Run {RunId} of thread {ThreadId} was admitted but its grain did not answer. It begins later.")]
    private static partial void LogNotBegun(ILogger logger, Exception exception, string runId, string threadId);
}
