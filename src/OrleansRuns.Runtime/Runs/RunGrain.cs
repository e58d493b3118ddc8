using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Answers for one run and keeps it going: what is not final is claimed and executed by whichever activation is asked.</summary>
/// <remarks>
/// The execution is a background task on the grain's scheduler. It outlives the call that began it, so the activation is not collected
/// while it is active; every call interleaves with it and answers at once.
/// </remarks>
[GrainType("run"), RandomPlacement, Immovable]
internal sealed partial class RunGrain(
    IRunCatalog catalog,
    IRunExecutor executor,
    RunEventReader reader,
    ActiveRuns active,
    RunWaker waker,
    RunInstruments instruments,
    SiloLease lease,
    LiveRuns live,
    GraphSilos graphSilos,
    GraphVersions versions,
    DrainHandOff handOff,
    IHostApplicationLifetime lifetime,
    IOptions<RunsOptions> runs,
    IOptions<RunEventsOptions> events,
    TimeProvider time,
    ILogger<RunGrain> logger) : Grain, IRunGrain, IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    private Task<RunRow>? _loading;
    private Task _keeping = Task.CompletedTask;
    private RunKeeper? _keeper;
    private RunRow? _final;
    private bool _isDeactivating;

    private string RunId => this.GetPrimaryKeyString();

    public async Task<RunSnapshot> GetAsync(CancellationToken cancellationToken)
    {
        var row = await GoOnAsync(cancellationToken);
        if (row.RolledBack)
        {
            throw NotFound();
        }

        if (!row.IsFinal && _keeper is null)
        {
            // It may begin on another silo now; whoever waits for it here asks again there.
            LetGo();
        }

        return row.ToSnapshot();
    }

    public async Task<RunSnapshot> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var row = await GoOnAsync(cancellationToken);
        if (row.IsFinal || _keeper is { IsFenced: true })
        {
            return row.ToSnapshot();
        }

        // A silo that stops lets its callers go: they ask again, and whoever has the run then answers.
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var bound = timeout < TimeSpan.Zero ? TimeSpan.Zero : timeout > MaxWait ? MaxWait : timeout;
        var isOver = Task.Delay(bound, time, waiting.Token);
        await WaitForBeginAsync(isOver);
        await Task.WhenAny(_keeper?.Completion ?? Task.CompletedTask, isOver);
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return (_keeper?.Row ?? _final ?? row).ToSnapshot();
    }

    public async Task<RunSnapshot> CancelAsync(CancelAction action, CancellationToken cancellationToken)
    {
        if (!Enum.IsDefined(action))
        {
            throw new ArgumentOutOfRangeException(nameof(action), action, "There is no such cancel action.");
        }

        var row = await catalog.RequestCancelAsync(RunId, action, cancellationToken) ?? throw NotFound();
        if (_keeper is { IsFenced: false } keeper && !row.IsFinal)
        {
            LogCancelAccepted(logger, RunId, WireName.Of(action));
            await keeper.CancelAsync(row);
            return keeper.Row.ToSnapshot();
        }

        if (row.IsFinal)
        {
            EndWith(row);
            return row.ToSnapshot();
        }

        // A load that began before the intent was durable does not know of it.
        await Task.WhenAny((_loading ?? Task.CompletedTask).WaitAsync(cancellationToken));
        return (await GoOnAsync(cancellationToken)).ToSnapshot();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _isDeactivating = true;
        if (_keeper is { Completion.IsCompleted: false, IsGivenUp: false } keeper)
        {
            LogDeactivatedWhileActive(logger, RunId, reason.ReasonCode, runs.Value.DeactivationGrace);
            await keeper.StopAsync();
            await Task.WhenAny(_keeping, Task.Delay(runs.Value.DeactivationGrace, time, cancellationToken));
            if (!_keeping.IsCompleted)
            {
                LogLeftUnfinished(logger, RunId, runs.Value.DeactivationGrace);
                await keeper.AbandonAsync();
            }
        }

        if (reason.ReasonCode == DeactivationReasonCode.ShuttingDown)
        {
            // A run that has just come here moves on as well, which its row has to be known for.
            await Task.WhenAny((_loading ?? Task.CompletedTask).WaitAsync(runs.Value.DeactivationGrace, time, cancellationToken));
            await MoveOnAsync();
        }
    }

    public void Dispose()
    {
        // What is still awaited uses it to its end; its sources have no timers.
        if (_keeping.IsCompleted)
        {
            _keeper?.Dispose();
        }
    }

    /// <summary>Makes sure that somebody works on the run, and gets it as it is now.</summary>
    private async Task<RunRow> GoOnAsync(CancellationToken cancellationToken)
    {
        if (_final is not null)
        {
            return _final;
        }

        if (_keeper is { IsFenced: false } keeper)
        {
            return keeper.Row;
        }

        // Calls interleave: all that arrive during the first read share it. No caller's token may cancel it for the others.
        // A load may complete before it returns, when the answer of the database is there already: only its task tells that it is over.
        var loading = _loading is { IsCompleted: false } ? _loading : _loading = LoadAsync();
        return await loading.WaitAsync(cancellationToken);
    }

    private async Task<RunRow> LoadAsync()
    {
        var row = await catalog.FindRunAsync(RunId, CancellationToken.None) ?? throw NotFound();
        var isForeign = !row.IsFinal && await lease.IsForeignAsync(row);
        if (row.IsFinal)
        {
            EndWith(row);
        }
        else if (_keeper is null && !_isDeactivating && !isForeign && IsExecutable(row))
        {
            await BeginAsync(row);
        }
        else if (_keeper is null && IsClosing && row.Attempt > 0)
        {
            HandOver(row);
        }
        else if (_keeper is null && !_isDeactivating && (IsCordoned || !HasGraph(row)))
        {
            await MoveToGraphAsync(row);
        }

        return row;
    }

    /// <summary>Gets whether this silo begins no runs any more.</summary>
    private bool IsClosing => lifetime.ApplicationStopping.IsCancellationRequested || live.IsClosed;

    /// <summary>Gets whether this silo begins no runs now, and stays.</summary>
    private bool IsCordoned => live.IsCordoned && !IsClosing;

    private bool IsExecutable(RunRow row) =>
        !IsClosing
        && (live.IsOpen || row.CancelAction is not null)
        && lease.IsHeld
        && (row.HoldsSlot || row.CancelAction is not null)
        && HasGraph(row);

    // A cancelled run ends without its graph.
    private bool HasGraph(RunRow row) => row.CancelAction is not null || executor.HasGraph(row.Graph);

    /// <summary>Begins to work on the run, unless there is no room or the gate is closed.</summary>
    private bool TryKeep(RunRow row)
    {
        if (!active.TryEnter(row))
        {
            return false;
        }

        var buffer = new RunEventBuffer(events.Value.KeptEvents, events.Value.KeptBytes, time);
        var keeper = new RunKeeper(row, lease.Owner.ToString(), buffer, catalog, executor, instruments, time, logger);
        if (!live.TryEnter(keeper))
        {
            keeper.Dispose();
            active.Exit();
            return false;
        }

        _keeper = keeper;

        // The run is not part of the call that happens to begin it: neither its trace nor its request context.
        using (ExecutionContext.SuppressFlow())
        {
            _keeping = KeepAsync(_keeper);
        }

        return true;
    }

    private async Task KeepAsync(RunKeeper keeper)
    {
        instruments.RunActive(1);
        try
        {
            DelayDeactivation(Timeout.InfiniteTimeSpan);
            await keeper.RunOrBeLeftAsync();
        }
        catch (OperationCanceledException) when (_isDeactivating || keeper.IsGivenUp)
        {
            LogAbandoned(logger, RunId, WireName.Of(keeper.Row.Status));
        }
        catch (Exception exception)
        {
            LogKeeperFailed(logger, exception, RunId);
        }
        finally
        {
            instruments.RunActive(-1);
            active.Exit();
            _final = keeper.Row.IsFinal ? keeper.Row : null;
            live.Leave(keeper, keeper.Row.IsFinal);
            if (!_isDeactivating)
            {
                // A keeper may outlive its activation, which cannot be asked for anything then.
                DelayDeactivation(TimeSpan.Zero);
            }

            if (_final is null && keeper is { IsDraining: true, IsFenced: false, Row.Attempt: > 0 })
            {
                HandOver(keeper.Row);
            }
            else if (_final is null && !_isDeactivating)
            {
                // It has not begun, another activation has it, or this one could not go on: the next call decides anew where it goes on.
                DeactivateOnIdle();
            }

            // A silo that stops calls nobody: others look for what waits.
            if (_final is not null && !live.IsClosed)
            {
                await waker.WakeNextAsync(_final.Holder, except: RunId);
            }
        }
    }

    private RunNotFoundException NotFound()
    {
        // An id that was made up must not fill the silo with activations.
        DeactivateOnIdle();
        return new RunNotFoundException(RunId);
    }
}
