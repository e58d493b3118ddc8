using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>What the drain asks of a run, from outside its grain.</summary>
internal sealed partial class RunKeeper
{
    /// <summary>How long a database that does not answer is left alone while the silo stops.</summary>
    private static readonly TimeSpan MaxDelayOfADrain = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource<RunRow> _leftBehind = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile RunRow? _written;
    private volatile bool _isBeingWritten;
    private volatile bool _isWrittenForIt;
    private volatile bool _isGivenUp;

    /// <inheritdoc/>
    public RunPace Pace => _stop.Pace;

    /// <inheritdoc/>
    public string? CheckpointId { get; private set; }

    /// <summary>Gets whether the silo's drain has asked the run to stop.</summary>
    internal bool IsDraining => _stop.Draining.IsCancellationRequested;

    /// <summary>Gets whether its drain has ended without it: it is waited for no more.</summary>
    internal bool IsGivenUp => _isGivenUp;

    /// <summary>Gets a task that completes when its end was written for it.</summary>
    internal Task<RunRow> LeftBehind => _leftBehind.Task;

    /// <inheritdoc/>
    public bool IsWrittenForIt => _isWrittenForIt;

    /// <inheritdoc/>
    public bool HasLeftNodes => _stop.HasLeftNodes;

    RunRow IDrainedRun.Row => _written ?? Row;

    /// <inheritdoc/>
    public void Drain()
    {
        _isStopping = true;
        _stop.RequestDrain();
    }

    /// <inheritdoc/>
    public Task CancelForDrainAsync() => StopAsync();

    /// <inheritdoc/>
    public async Task WriteEndAsync(CancellationToken cancellationToken)
    {
        _isBeingWritten = true;
        var row = await _catalog.FindRunAsync(Row.RunId, cancellationToken) ?? Row;
        // Again when a cancel was accepted in between, which wins, or when a claim of this keeper's own was still on its way.
        for (var tries = 0; IsUnderWay(row) && tries < 3; tries++)
        {
            var attempt = row.Attempt;
            try
            {
                var (end, checkpointId) = await _ending.LeftBehindAsync(row, cancellationToken);
                CheckpointId = checkpointId ?? CheckpointId;
                row = await _catalog.EndAsync(end, cancellationToken);
                _isWrittenForIt = !IsUnderWay(row);
                if (_isWrittenForIt)
                {
                    CountEnd(row);
                }
            }
            catch (FencedException)
            {
                row = await _catalog.FindRunAsync(Row.RunId, cancellationToken) ?? row;
                if (IsUnderWay(row) && row.Attempt == attempt)
                {
                    // Its log is another's, whose claim of the run is not in the database yet.
                    _isFenced = true;
                    break;
                }
            }
        }

        if (!row.IsFinal && row.Owner is { } owner && owner != _owner && row.Attempt > _attemptBefore)
        {
            // It is executed elsewhere: what becomes of it is not this silo's to tell.
            _isFenced = true;
        }

        _written = row;
        LogLeftBehind(_logger, row.RunId, row.Attempt, WireName.Of(row.Status), RunRows.NameOf(row.StopReason));
        _leftBehind.TrySetResult(row);
    }

    /// <inheritdoc/>
    public void GiveUp()
    {
        _isGivenUp = true;
        // The continuations of what is tried again belong to the grain, which need not be able to go on.
        _ = _abandon.CancelAsync();
    }

    /// <summary>Works until there is nothing more to do, or until its end was written for it.</summary>
    internal async Task RunOrBeLeftAsync()
    {
        var running = RunAsync();
        if (await Task.WhenAny(running, LeftBehind) == running || Completion.IsCompleted)
        {
            await running;
            return;
        }

        // Whatever still runs is refused by the log and by the row. What it throws is only noted.
        _ = running.ContinueWith(
            late => LogEndedLate(_logger, late.Exception, Row.RunId), TaskScheduler.Current);
        Learn(await LeftBehind);
        await _abandon.CancelAsync();
        Finish();
    }

    private bool IsUnderWay(RunRow row) => row.Status == RunStatus.Running && row.Owner == _owner;

    /// <summary>Gets what becomes of the run if its silo, or the loss of its activation, has stopped it.</summary>
    private RecoveryPolicy? Stopped() =>
        IsDraining ? RunEnding.PolicyOf(Row)
        : _isStopping ? RecoveryPolicy.Resume
        : null;

    /// <summary>Waits before something is tried again; while the silo stops, only shortly.</summary>
    private async Task DelayAsync(int failures)
    {
        var delay = Persistence.DelayAfter(failures);
        if (IsDraining)
        {
            await Task.Delay(delay < MaxDelayOfADrain ? delay : MaxDelayOfADrain, _time, _abandon.Token);
            return;
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(_abandon.Token, _stop.Draining);
        await Task.WhenAny(Task.Delay(delay, _time, waiting.Token));
        _abandon.Token.ThrowIfCancellationRequested();
    }
}
