using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Finds out what to write of a run that does not end by itself, and closes its log.</summary>
internal sealed partial class RunEnding(IRunExecutor executor, ILogger logger)
{
    /// <summary>Ends a run that was cancelled: closes its log if its attempt has not, rolls its thread back if that was asked.</summary>
    internal async Task<RunEnd> CancelledAsync(RunRow row, bool isExecuted, CancellationToken cancellationToken)
    {
        var outcome = new RunOutcome { Status = RunStatus.Interrupted, StopReason = row.CancelReason ?? StopReason.Cancelled };
        var rollBack = row.CancelAction == CancelAction.Rollback;
        // Nobody can have written in the name of a run that never began.
        var hasBegun = row.Attempt > 0;
        if (rollBack && hasBegun)
        {
            try
            {
                await executor.CloseAsync(row, outcome, rollBack: true, cancellationToken);
            }
            catch (Exception exception) when (exception is RollbackImpossibleException || LogView.IsUnreadable(exception))
            {
                LogNotRolledBack(logger, exception, row.RunId);
                outcome = outcome with { Error = exception.Message };
                rollBack = false;
            }
        }

        if (!rollBack && hasBegun && !isExecuted)
        {
            try
            {
                await executor.CloseAsync(row, outcome, rollBack: false, cancellationToken);
            }
            catch (Exception exception) when (LogView.IsUnreadable(exception))
            {
                // The row alone can say that it has ended; it must not wait for a log that nobody can read.
                LogNotClosed(logger, exception, row.RunId);
                outcome = outcome with { Error = outcome.Error ?? exception.Message };
            }
        }

        var rest = hasBegun ? await RestAsync(row, cancellationToken) : null;
        return Of(row, outcome) with { RolledBack = rollBack, Rest = rest };
    }

    /// <summary>Ends an attempt that does not end by itself while its silo stops. From then on it can append nothing more.</summary>
    /// <returns>What to write of it, and the checkpoint it stands at.</returns>
    internal async Task<(RunEnd End, string? CheckpointId)> LeftBehindAsync(RunRow row, CancellationToken cancellationToken)
    {
        if (row.CancelAction is not null)
        {
            return (await CancelledAsync(row, isExecuted: false, cancellationToken), null);
        }

        // It may have written its end just before, and only not told: then that is how it ended.
        var drained = new RunOutcome { Status = RunStatus.Interrupted, StopReason = StopReason.Drained };
        var stood = await executor.CloseAsync(row, drained, rollBack: false, cancellationToken);
        return (await EndedAsync(row, stood, PolicyOf(row), cancellationToken), stood.CheckpointId);
    }

    /// <summary>Ends an attempt whose log has its end.</summary>
    /// <param name="row">The run.</param>
    /// <param name="outcome">How the attempt ended.</param>
    /// <param name="stopped">What becomes of the run if its silo has stopped it; <see langword="null"/> when it has not.</param>
    /// <param name="cancellationToken">Gives up before a write.</param>
    internal async Task<RunEnd> EndedAsync(
        RunRow row, RunOutcome outcome, RecoveryPolicy? stopped, CancellationToken cancellationToken)
    {
        // An attempt before this one was stopped by its silo, which could not write so in the row.
        stopped ??= outcome.StopReason == StopReason.Drained ? PolicyOf(row) : null;
        var end = DrainDecision.EndOf(outcome.Status, row.CancelAction, stopped is not null, stopped ?? RecoveryPolicy.Resume);
        return end switch
        {
            DrainedAs.Cancelled => await CancelledAsync(row, isExecuted: true, cancellationToken),
            // The thread stays the run's own, so that nobody asks what its status is at rest.
            DrainedAs.Resumable => Of(row, outcome) with { StopReason = StopReason.Drained, Resumable = true },
            DrainedAs.Stopped => Of(row, outcome) with { StopReason = StopReason.Drained, Rest = await RestAsync() },
            _ => Of(row, outcome) with { Rest = await RestAsync() },
        };

        async Task<ThreadRest?> RestAsync() => outcome.Rest ?? await this.RestAsync(row, cancellationToken);
    }

    /// <summary>Gets what becomes of a run whose silo shuts down.</summary>
    internal static RecoveryPolicy PolicyOf(RunRow row) => RunRequests.FromRow(row.Request).RecoveryPolicy;

    private async Task<ThreadRest?> RestAsync(RunRow row, CancellationToken cancellationToken)
    {
        try
        {
            return await executor.FindRestAsync(row, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException && !Persistence.IsTransient(exception))
        {
            // It says no more than whether the thread asks something. What has ended does not wait for that.
            LogNotClosed(logger, exception, row.RunId);
            return null;
        }
    }

    private static RunEnd Of(RunRow row, RunOutcome outcome) => new()
    {
        RunId = row.RunId,
        Attempt = row.Attempt,
        Status = outcome.Status,
        StopReason = outcome.StopReason,
        Error = outcome.Error,
    };

    [LoggerMessage(3010, LogLevel.Error, "The log of run {RunId} cannot be read: the run ends without an end in it. Use 'doctor'.")]
    private static partial void LogNotClosed(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3007, LogLevel.Error, "Run {RunId} was to be rolled back, which is impossible: it ends with its checkpoints kept.")]
    private static partial void LogNotRolledBack(ILogger logger, Exception exception, string runId);
}
