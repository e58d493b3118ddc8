using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>
/// Brings one run to its end on this silo: claims it, executes it, writes how it ended, and asks a database that does not answer again.
/// </summary>
/// <remarks>Lives on its grain's scheduler: everything here runs one at a time, whatever the run's nodes do on their own threads.</remarks>
internal sealed partial class RunKeeper : IDrainedRun, IDisposable
{
    private readonly IRunCatalog _catalog;
    private readonly IRunExecutor _executor;
    private readonly RunEnding _ending;
    private readonly RunInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _owner;
    private readonly int _attemptBefore;
    private readonly RunStop _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _retries;
    private int _counted;
    private volatile bool _isStopping;
    private volatile bool _isFenced;
    private volatile bool _isClaiming;
    private volatile RunRow _row;

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
        _row = row;
        Events = events;
        _owner = owner;
        _attemptBefore = row.Attempt;
        _catalog = catalog;
        _executor = executor;
        _ending = new RunEnding(executor, logger);
        _instruments = instruments;
        _time = time;
        _logger = logger;
    }

    /// <summary>Gets the run as it was last seen in the database.</summary>
    public RunRow Row => _row;

    /// <summary>Gets the run's events.</summary>
    internal RunEventBuffer Events { get; }

    /// <summary>Gets a task that completes when this keeper has nothing more to do for the run: it is final, or it is another's.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Gets whether another owner has taken the run over.</summary>
    public bool IsFenced => _isFenced;

    /// <summary>Gets whether nothing is under way here that the database does not know the end of.</summary>
    /// <remarks>A claim without an answer may be in the database.</remarks>
    public bool IsSettled =>
        Row is var row && (IsFenced || (!_isClaiming && (row.Status != RunStatus.Running || row.Owner != _owner)));

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
        // Whoever goes on reads in the log whether the silo has stopped the run, which can be for good.
        return StopNodesAsync(RunStatus.Interrupted, IsDraining ? StopReason.Drained : null);
    }

    /// <summary>Gives up what is still being tried again.</summary>
    internal Task AbandonAsync() => _abandon.CancelAsync();

    /// <summary>Works until the run is final, is another's, or is given up.</summary>
    internal async Task RunAsync()
    {
        try
        {
            while (!Row.IsFinal && !IsFenced && !(_isStopping && IsSettled))
            {
                try
                {
                    await AttemptAsync();
                    _retries = 0;
                }
                catch (Exception exception) when (Persistence.IsTransient(exception) && !_abandon.IsCancellationRequested)
                {
                    _retries++;
                    LogWillRetry(_logger, exception, Row.RunId, Row.Attempt, Persistence.DelayAfter(_retries));
                    await DelayAsync(_retries);
                }
                catch (FencedException)
                {
                    Fence("close");
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
            await EndAsync(await _ending.CancelledAsync(Row, isExecuted: false, _abandon.Token));
            return;
        }

        if (_isBeingWritten && !LeftBehind.IsCompleted)
        {
            // No other attempt begins behind the back of the drain.
            Learn(await LeftBehind.WaitAsync(_abandon.Token));
            return;
        }

        var attempt = Row.Attempt + 1;
        var isAsked = await ClaimAsync(attempt);
        // Once it is given up, the silo may have another keeper of the run, which takes the same claim for its own.
        _abandon.Token.ThrowIfCancellationRequested();
        if (Row.IsFinal || (Row.Attempt < attempt && (Row.CancelAction is not null || !isAsked)))
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
        await using (RunDeadline.Of(Row, error => _ = StopNodesAsync(RunStatus.Timeout, StopReason.RunTimeout, error), _time))
        {
            outcome = await ExecuteAsync(attempt);
        }

        if (outcome.IsFenced && _isBeingWritten)
        {
            // By the drain of this silo, which closes the log before it writes the row, and finds out when it was somebody else.
            Learn(await LeftBehind.WaitAsync(_abandon.Token));
            return;
        }

        // The attempt may be another silo's by now, which an answer to a cancel told.
        if (outcome.IsFenced || Row.Attempt != attempt)
        {
            Fence("append");
            return;
        }

        CheckpointId = outcome.CheckpointId;
        // A cancel that is durable wins over the silo's own stop, which is the only other reason to interrupt an execution.
        await EndAsync(await _ending.EndedAsync(Row, outcome, Stopped(), _abandon.Token));
    }

    /// <summary>Claims the run for an attempt.</summary>
    /// <returns>Whether it was asked for. A silo that stops only looks what has become of a claim whose answer was lost.</returns>
    private async Task<bool> ClaimAsync(int attempt)
    {
        var isAsked = !(_isStopping && _isClaiming);
        _isClaiming = true;
        Learn(isAsked
            ? await _catalog.BeginAsync(Row.RunId, attempt, _owner, _abandon.Token)
            : await _catalog.FindRunAsync(Row.RunId, _abandon.Token) ?? Row);
        _isClaiming = false;
        return isAsked;
    }

    private async Task<RunOutcome> ExecuteAsync(int attempt)
    {
        try
        {
            return await _executor.ExecuteAsync(Row, Events, _stop, _retries);
        }
        catch (OperationCanceledException) when (_stop.Token.IsCancellationRequested || _stop.Draining.IsCancellationRequested)
        {
            // Stopped before its claim: an earlier owner that wakes up could still write, and only a closed log refuses it.
            return Row.Attempt == attempt
                ? await _executor.CloseAsync(Row, _stop.Outcome, rollBack: false, _abandon.Token)
                : new RunOutcome { IsFenced = true };
        }
        catch (Exception exception) when (!Persistence.IsTransient(exception))
        {
            // A mistake in the engine or in a graph that nothing nearer to it has caught. Trying it again would loop for ever.
            LogExecutionFailed(_logger, exception, Row.RunId, Row.Attempt);
            return new RunOutcome { Status = RunStatus.Error, StopReason = StopReason.NodeError, Error = exception.Message };
        }
    }

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
                LogEndNotWritten(_logger, exception, end.RunId, WireName.Of(end.Status), Persistence.DelayAfter(failures));
                await DelayAsync(failures);
            }
        }

        if (Row.IsFinal || (end.Resumable && Row.Resumable))
        {
            CountEnd(Row);
            LogEnded(_logger, Row.RunId, WireName.Of(Row.Status), RunRows.NameOf(Row.StopReason), Row.Attempt);
        }
        else if (Row.Attempt == end.Attempt && Row.CancelAction is not null && !end.IsOfCancel)
        {
            await EndAsync(await _ending.CancelledAsync(Row, isExecuted: true, _abandon.Token));
        }
        else
        {
            Fence("end");
        }
    }

    /// <summary>
    /// Counts a run that this silo has brought to its end, once, whoever of the keeper and its drain comes first. One that goes on
    /// elsewhere is counted there.
    /// </summary>
    private void CountEnd(RunRow row)
    {
        if (row.IsFinal && Interlocked.Exchange(ref _counted, 1) == 0)
        {
            _instruments.RunEnded(row.Status);
        }
    }

    /// <summary>Takes in an answer of the database. What was learnt while it was on its way, such as a cancel, stays known.</summary>
    private void Learn(RunRow answer) => _row = RunRows.Newer(Row, answer);

    private void Fence(string phase)
    {
        _isFenced = true;
        LogFenced(_logger, Row.RunId, phase, Row.Attempt, Row.Owner);
    }

    private async Task StopNodesAsync(RunStatus status, StopReason? reason, string? error = null)
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
