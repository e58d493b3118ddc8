using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Ends a run that gets no further attempt, without loading its state: that may be what ends the process.</summary>
internal sealed class RunGivingUp(IThreadLogStore store, TimeProvider time)
{
    /// <summary>Appends the end of a run that an earlier attempt has claimed, or that never reached its log.</summary>
    /// <param name="run">The run as it was claimed.</param>
    /// <param name="view">What its log says.</param>
    /// <param name="error">Why it is given up.</param>
    /// <exception cref="FencedException">Another writer came first.</exception>
    internal async Task<RunOutcome> EndAsync(RunRow run, LogView view, string error)
    {
        var end = new EndLogRecord
        {
            Status = WireName.Of(RunStatus.Error),
            StopReason = WireName.Of(StopReason.Orphaned),
            Error = error,
            CheckpointId = view.Root?.CheckpointId,
        };
        var entry = RunClosing.Entry(run, view, end, time.GetUtcNow());
        var outcome = await store.AppendAsync(run.LogId, view.NextPosition, entry, CancellationToken.None);
        return outcome.IsAppended
            ? new RunOutcome { Status = RunStatus.Error, StopReason = StopReason.Orphaned, Error = error, CheckpointId = end.CheckpointId }
            : throw new FencedException(run.LogId, view.NextPosition);
    }
}
