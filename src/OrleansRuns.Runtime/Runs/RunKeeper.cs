using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>
/// Brings one run to its end on this silo: claims it, executes it, writes how it ended, and asks a database that does not answer again.
/// </summary>
/// <remarks>Lives on its grain's scheduler: everything here runs one at a time, whatever the run's nodes do on their own threads.</remarks>
internal sealed partial class RunKeeper : IDisposable
{
    private readonly IRunCatalog _catalog;
    private readonly IRunExecutor _executor;
    private readonly RunInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _owner;
    private readonly RunStop _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStopping;

    internal RunKeeper(
        RunRow row,
        string owner,
        RunEventBuffer events,
        IRunCatalog catalog,
        IRunExecutor executor,
        RunInstruments instruments,
        TimeProvider time,
        ILogger logger)
    {
        Row = row;
        Events = events;
        _owner = owner;
        _catalog = catalog;
        _executor = executor;
        _instruments = instruments;
        _time = time;
        _logger = logger;
    }

    /// <summary>Gets the run as it was last seen in the database.</summary>
    internal RunRow Row { get; private set; }

    /// <summary>Gets the run's events.</summary>
    internal RunEventBuffer Events { get; }

    /// <summary>Gets a task that completes when this keeper has nothing more to do for the run: it is final, or it is another's.</summary>
    internal Task Completion => _completion.Task;

    /// <summary>Gets whether another owner has taken the run over.</summary>
    internal bool IsFenced { get; private set; }

    public void Dispose()
    {
        _stop.Dispose();
        _abandon.Dispose();
    }

    /// <summary>Tells of a cancel whose intent is durable.</summary>
    internal Task CancelAsync(RunRow row)
    {
        Learn(row);
        return StopNodesAsync(RunStatus.Interrupted, Row.CancelReason ?? StopReason.Cancelled);
    }

    /// <summary>Asks the run to end because its activation does; it stays resumable.</summary>
    internal Task StopAsync()
    {
        _isStopping = true;
        return StopNodesAsync(RunStatus.Interrupted, StopReason.Drained);
    }

    /// <summary>Gives up what is still being tried again.</summary>
    internal Task AbandonAsync() => _abandon.CancelAsync();

    /// <summary>Works until the run is final, is another's, or is given up.</summary>
    internal async Task RunAsync()
    {
        try
        {
            for (var failures = 0; !Row.IsFinal && !IsFenced && !(_isStopping && Row.Status != RunStatus.Running);)
            {
                try
                {
                    await AttemptAsync();
                    failures = 0;
                }
                catch (Exception exception) when (Persistence.IsTransient(exception) && !_abandon.IsCancellationRequested)
                {
                    failures++;
                    LogWillRetry(_logger, exception, Row.RunId, Row.Attempt, Persistence.DelayAfter(failures));
                    await Task.Delay(Persistence.DelayAfter(failures), _time, _abandon.Token);
                }
            }
        }
        finally
        {
            Finish();
        }
    }

    private async Task AttemptAsync()
    {
        if (Row.CancelAction is not null)
        {
            await EndCancelledAsync(isExecuted: false);
            return;
        }

        var attempt = Row.Attempt + 1;
        Learn(await _catalog.BeginAsync(Row.RunId, attempt, _owner, _abandon.Token));
        if (Row.IsFinal || (Row.Attempt < attempt && Row.CancelAction is not null))
        {
            return;
        }

        if (Row.Attempt != attempt || Row.Owner != _owner)
        {
            Fence("claim");
            return;
        }

        _instruments.RunStarted();
        LogBegan(_logger, Row.RunId, Row.ThreadId, Row.Graph, attempt);
        RunOutcome outcome;
        await using (StartDeadline())
        {
            outcome = await ExecuteAsync();
        }

        if (outcome.IsFenced)
        {
            Fence("append");
            return;
        }

        if (outcome.Status != RunStatus.Interrupted)
        {
            var rest = outcome.Rest ?? await FindRestAsync();
            await EndAsync(Ended(outcome.Status, outcome.StopReason, outcome.Error) with { Rest = rest });
        }
        else if (Row.CancelAction is null && _isStopping)
        {
            await EndAsync(Ended(RunStatus.Interrupted, StopReason.Drained) with { Resumable = true });
        }
        else
        {
            // An intent that is durable wins over the silo's own stop, which is the only other reason to interrupt an execution.
            await EndCancelledAsync(isExecuted: true);
        }
    }

    /// <summary>Stops the run when its time is over, which counts from its first attempt.</summary>
    private ITimer? StartDeadline()
    {
        if (RunRequests.FromRow(Row.Request).Timeout is not { } timeout || Row.StartedAt is not { } started)
        {
            return null;
        }

        // A timer may come up to a tick of the system's clock, a millisecond, before its time; the run must not.
        var left = started + timeout - _time.GetUtcNow() + TimeSpan.FromMilliseconds(2);
        return _time.CreateTimer(
            _ => _ = StopNodesAsync(RunStatus.Timeout, StopReason.RunTimeout, $"The run took longer than its timeout of {timeout}."),
            state: null,
            left > TimeSpan.Zero ? left : TimeSpan.Zero,
            Timeout.InfiniteTimeSpan);
    }

    private async Task<RunOutcome> ExecuteAsync()
    {
        try
        {
            return await _executor.ExecuteAsync(Row, Events, _stop);
        }
        catch (OperationCanceledException) when (_stop.Token.IsCancellationRequested)
        {
            return _stop.Outcome;
        }
        catch (Exception exception) when (!Persistence.IsTransient(exception))
        {
            // A mistake in the engine or in a graph that nothing nearer to it has caught. Trying it again would loop for ever.
            LogExecutionFailed(_logger, exception, Row.RunId, Row.Attempt);
            return new RunOutcome { Status = RunStatus.Error, StopReason = StopReason.NodeError, Error = exception.Message };
        }
    }

    /// <summary>Ends a run that was cancelled: closes its log if this attempt has not, rolls its thread back if that was asked.</summary>
    private async Task EndCancelledAsync(bool isExecuted)
    {
        var outcome = new RunOutcome { Status = RunStatus.Interrupted, StopReason = Row.CancelReason ?? StopReason.Cancelled };
        var rollBack = Row.CancelAction == CancelAction.Rollback;
        // Nobody can have written in the name of a run that never began.
        var hasBegun = Row.Attempt > 0;
        if (rollBack && hasBegun)
        {
            try
            {
                await _executor.CloseAsync(Row, outcome, rollBack: true, _abandon.Token);
            }
            catch (RollbackImpossibleException exception)
            {
                LogNotRolledBack(_logger, exception, Row.RunId);
                outcome = outcome with { Error = exception.Message };
                rollBack = false;
            }
        }

        if (!rollBack && hasBegun && !isExecuted)
        {
            await _executor.CloseAsync(Row, outcome, rollBack: false, _abandon.Token);
        }

        var rest = hasBegun ? await FindRestAsync() : null;
        await EndAsync(Ended(outcome.Status, outcome.StopReason, outcome.Error) with { RolledBack = rollBack, Rest = rest });
    }

    private Task<ThreadRest> FindRestAsync() => _executor.FindRestAsync(Row, _abandon.Token);

    private RunEnd Ended(RunStatus status, StopReason? reason = null, string? error = null) =>
        new() { RunId = Row.RunId, Attempt = Row.Attempt, Status = status, StopReason = reason, Error = error };

    /// <summary>Writes how the attempt ended until the database has confirmed it: nothing unconfirmed is told to anybody.</summary>
    private async Task EndAsync(RunEnd end)
    {
        for (var failures = 0; ;)
        {
            try
            {
                Learn(await _catalog.EndAsync(end, _abandon.Token));
                break;
            }
            catch (Exception exception) when (Persistence.IsTransient(exception) && !_abandon.IsCancellationRequested)
            {
                failures++;
                LogEndNotWritten(_logger, exception, end.RunId, end.Status, Persistence.DelayAfter(failures));
                await Task.Delay(Persistence.DelayAfter(failures), _time, _abandon.Token);
            }
        }

        if (Row.IsFinal || (end.Resumable && Row.Resumable))
        {
            _instruments.RunEnded(Row.Status);
            LogEnded(_logger, Row.RunId, Row.Status, Row.StopReason, Row.Attempt);
        }
        else if (Row.Attempt == end.Attempt && Row.CancelAction is not null && end.Status != RunStatus.Interrupted)
        {
            await EndCancelledAsync(isExecuted: true);
        }
        else
        {
            Fence("end");
        }
    }

    /// <summary>Takes in an answer of the database. What was learnt while it was on its way, such as a cancel, stays known.</summary>
    private void Learn(RunRow answer) => Row = RunRows.Newer(Row, answer);

    private void Fence(string phase)
    {
        IsFenced = true;
        LogFenced(_logger, Row.RunId, phase, Row.Attempt, Row.Owner);
    }

    private async Task StopNodesAsync(RunStatus status, StopReason reason, string? error = null)
    {
        try
        {
            await _stop.RequestAsync(status, reason, error);
        }
        catch (AggregateException exception)
        {
            LogCancellationFailed(_logger, exception, Row.RunId);
        }
    }

    private void Finish()
    {
        if (Row.IsFinal)
        {
            Events.End(Row.ToSnapshot());
        }
        else
        {
            Events.Close();
        }

        _completion.TrySetResult();
    }
}
