using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Executes one claimed attempt of a run, from its claim to the log's end entry.</summary>
internal sealed partial class RunExecution(
    RunSetup setup,
    IThreadLogStore store,
    ThreadReader threads,
    NodeRunner nodes,
    SuspectTurns turns,
    RunInstruments instruments,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>How often an attempt claims: as often as an earlier owner may append before it is fenced, with room to spare.</summary>
    private const int MaxClaims = 100;

    /// <summary>The log of the attempt while it is under way: after its end it says nothing more.</summary>
    private RunLog? _sharing;

    /// <summary>Executes the attempt.</summary>
    /// <param name="stop">Asks it to end now: nodes are cancelled, and left behind when they do not listen.</param>
    internal async Task<RunOutcome> ExecuteAsync(RunStop stop)
    {
        var view = await ReadAsync();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, stop.Draining);
        using var turn = await turns.EnterAsync(Strikes.Of(view, setup.Row, setup.Retries), ending.Token);
        for (var claims = 1; ; claims++)
        {
            if (view.ClaimedBy == setup.Row.RunId)
            {
                if (view.ClaimedAttempt > setup.Row.Attempt)
                {
                    return Fenced(new FencedException(setup.Row.LogId, view.NextPosition));
                }

                var end = view.End is { } known && IsOver(known, view.ClaimedAttempt) ? known : null;
                setup.Events.ContinueFrom(view.NextEvent, isEnd: end is not null);
                if (end is not null)
                {
                    return Outcome(end) with { Rest = ThreadRest.Of(view) };
                }
            }

            var writer = new LogWriter(setup.Row.LogId, setup.Row.RunId, setup.Row.Attempt);
            var log = new RunLog(new WatchedLogStore(store, turn), writer, view, time, instruments, setup.Events);
            try
            {
                if (Strikes.Of(view, setup.Row, setup.Retries).ErrorAfter(turns.MaxAttempts) is { } error)
                {
                    return await new RunGivingUp(store, time).EndAsync(setup.Row, view, error) with { Rest = ThreadRest.Of(view) };
                }

                var (end, isWaiting) = await RunAsync(log, turn, stop);
                _sharing = null;
                if (log.View.ClaimedBy == setup.Row.RunId && log.View.ClaimedAttempt == setup.Row.Attempt)
                {
                    await log.AppendAsync(isWaiting ? [Telling.Waiting] : [], end);
                }
                else
                {
                    await log.AppendAsync([Telling.Attempt], RunClosing.Claim(setup.Row, log.View), end);
                }

                return Outcome(end) with { Rest = ThreadRest.Of(log.View) };
            }
            catch (FencedException exception)
            {
                var newest = log.View.NextPosition == view.NextPosition && claims < MaxClaims ? await ReadAsync() : null;
                if (newest is null || !IsOvertakenByZombie(view, newest))
                {
                    return Fenced(exception);
                }

                view = newest;
            }
        }
    }

    private RunOutcome Fenced(FencedException exception)
    {
        LogFenced(logger, exception, setup.Row.RunId, setup.Row.Attempt);
        return new RunOutcome { IsFenced = true };
    }

    /// <summary>
    /// Tells whether an end is the run's, or of this attempt, which was closed before it could claim: and not only that of an attempt that
    /// another one follows.
    /// </summary>
    private bool IsOver(EndLogRecord end, int attempt) =>
        attempt == setup.Row.Attempt
        || WireName.Parse<RunStatus>(end.Status) != RunStatus.Interrupted
        || (end.StopReason == WireName.Of(StopReason.Drained) && setup.Request.RecoveryPolicy == RecoveryPolicy.Stop);

    private async Task<LogView> ReadAsync() =>
        LogView.Of(await store.ReadLineAsync(setup.Row.LogId, null, CancellationToken.None));

    /// <summary>
    /// Tells whether a claim only lost its race against an earlier owner that does not know yet. This attempt owns the run in the
    /// database, so that it claims again: if it took itself for fenced, nobody would go on with the run.
    /// </summary>
    private bool IsOvertakenByZombie(LogView before, LogView newest) =>
        (newest.ClaimedBy == before.ClaimedBy && newest.ClaimedAttempt == before.ClaimedAttempt)
        || (newest.ClaimedBy == setup.Row.RunId && newest.ClaimedAttempt < setup.Row.Attempt);

    /// <summary>Reads how an attempt ended from the log.</summary>
    internal static RunOutcome Outcome(EndLogRecord end) => new()
    {
        Status = WireName.Parse<RunStatus>(end.Status),
        StopReason = end.StopReason is null ? null : WireName.Parse<StopReason>(end.StopReason),
        Error = end.Error,
        CheckpointId = end.CheckpointId,
    };

    /// <summary>Renders how an attempt ends for the log.</summary>
    internal static EndLogRecord EndOf(RunOutcome outcome) => new()
    {
        Status = WireName.Of(outcome.Status),
        StopReason = outcome.StopReason is { } reason ? WireName.Of(reason) : null,
        Error = outcome.Error,
        CheckpointId = outcome.CheckpointId,
    };

    private static RunOutcome Outcome(LoopEnd end, RunStop stop)
    {
        var outcome = end.Kind switch
        {
            LoopEndKind.Finished or LoopEndKind.Waiting => new RunOutcome { Status = RunStatus.Success },
            LoopEndKind.Stopped => stop.Outcome,
            LoopEndKind.Failed => new RunOutcome { Status = RunStatus.Error, StopReason = end.StopReason, Error = end.Error },
            _ => throw new UnreachableException(),
        };
        return outcome with { CheckpointId = end.Checkpoint.Id };
    }

    private async Task<(EndLogRecord End, bool IsWaiting)> RunAsync(RunLog log, SuspectTurn turn, RunStop stop)
    {
        try
        {
            var start = await new RunStart(setup with { Suspicion = turn.Suspicion }, threads, log).BeginAsync(stop.Token);
            _sharing = log;
            if (turn.IsAlone)
            {
                _ = ShareAsync(turn, log);
            }

            var claim = log.View.Claim!;
            var limits = new SuperstepLimits
            {
                StopStep = SuperstepLimits.StopStepOf(claim.StartStep, setup.Request.RecursionLimit),
                InterruptBefore = [.. setup.Request.InterruptBefore],
                InterruptAfter = [.. setup.Request.InterruptAfter],
                PassedCheckpointId = RunStart.IsPassed(log.View, start) ? start.Id : null,
            };
            var end = await new GraphLoop(setup with { Stop = stop }, setup.Graph, log, nodes).RunAsync(start, limits, stop.Token);
            return (EndOf(Outcome(end, stop)), end.Kind == LoopEndKind.Waiting);
        }
        catch (Exception exception) when (
            exception is LogEntryTooLargeException or GraphException or RunException or MissingSubgraphException)
        {
            LogRefused(logger, exception, setup.Row.RunId, setup.Row.Attempt);
            var end = new EndLogRecord
            {
                Status = WireName.Of(RunStatus.Error),
                StopReason = WireName.Of(StopReason.NodeError),
                Error = exception.Message,
                CheckpointId = log.View.Root?.CheckpointId,
            };
            return (end, false);
        }
    }

    /// <summary>Says in the log that the attempt is alone no more, before others come in beside it.</summary>
    private async Task ShareAsync(SuspectTurn turn, RunLog log)
    {
        await turn.ShareAsked;
        if (_sharing != log || log.View.Claim is not { Suspicion: { } suspicion } claim)
        {
            return;
        }

        try
        {
            await log.AppendAsync([], claim with { Suspicion = suspicion with { IsAlone = false } });
            turn.Share();
        }
        catch (Exception exception)
        {
            // The attempt meets the same, and its turn ends with it.
            LogNotShared(logger, exception, setup.Row.RunId);
        }
    }

    [LoggerMessage(3402, LogLevel.Warning, "Run {RunId} could not say in its log that it is alone on its silo no more.")]
    private static partial void LogNotShared(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3400, LogLevel.Warning, "Run {RunId} was fenced in attempt {Attempt}: it stops and writes nothing more.")]
    private static partial void LogFenced(ILogger logger, Exception exception, string runId, int attempt);

    [LoggerMessage(3401, LogLevel.Error, "Run {RunId} cannot go on in attempt {Attempt}.")]
    private static partial void LogRefused(ILogger logger, Exception exception, string runId, int attempt);
}
