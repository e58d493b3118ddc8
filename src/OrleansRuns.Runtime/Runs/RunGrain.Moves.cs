using System.Collections.Immutable;
using Orleans.Runtime.Placement;

namespace OrleansRuns.Runtime;

/// <summary>Takes a run to a silo that has its graph, or that goes on with it when this one stops.</summary>
internal sealed partial class RunGrain : IGrainMigrationParticipant
{
    private const string RefusedKey = "refused";

    /// <summary>How often a run is read where it was handed over to: for about the time that a drain may take.</summary>
    private const int MaxReads = 10;

    private ImmutableHashSet<string> _refused = ImmutableHashSet.Create<string>(StringComparer.Ordinal);
    private bool _hasMoved;
    private bool _isMoving;
    private RunRow? _handedOver;
    private SiloAddress? _handedTo;

    // The run itself is in the database. What moves along is which versions of its graph it comes from, so that it ends its way somewhere.
    void IGrainMigrationParticipant.OnDehydrate(IDehydrationContext dehydrationContext) =>
        dehydrationContext.TryAddValue(RefusedKey, string.Join('|', _refused));

    void IGrainMigrationParticipant.OnRehydrate(IRehydrationContext rehydrationContext)
    {
        _hasMoved = true;
        if (rehydrationContext.TryGetValue<string>(RefusedKey, out var refused) && refused is { Length: > 0 })
        {
            _refused = _refused.Union(refused.Split('|'));
        }
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (_hasMoved)
        {
            // Not awaited: an activation fails with what it waits for, and one that does so is not told that it is over.
            _ = GoOnUnaskedAsync();
        }

        return Task.CompletedTask;
    }

    /// <summary>Goes on with a run that nobody has to ask for: whoever asked before it moved has had an answer.</summary>
    private async Task GoOnUnaskedAsync()
    {
        for (var reads = 1; !_isDeactivating; reads++)
        {
            try
            {
                await GoOnAsync(CancellationToken.None);
                return;
            }
            catch (Exception exception) when (Persistence.IsTransient(exception) && reads < MaxReads)
            {
                LogNotRead(logger, exception, RunId, Persistence.DelayAfter(reads));
                await Task.Delay(Persistence.DelayAfter(reads), time);
            }
            catch (Exception exception)
            {
                // Nothing is lost by it: recovery goes on with the run when the silo that it has left is gone.
                LogNotHandedOver(logger, exception, RunId);
                return;
            }
        }
    }

    /// <summary>Lets the run go on elsewhere as soon as this silo takes no part in placing grains any more.</summary>
    private void HandOver(RunRow row)
    {
        if (!_isMoving)
        {
            _isMoving = true;
            _handedOver = row;
            _ = HandOverAsync();
        }
    }

    private async Task HandOverAsync()
    {
        if (IsClosing)
        {
            await handOff.LeavingAsync();
        }

        if (!_isDeactivating)
        {
            await MoveOnAsync();
        }
    }

    /// <summary>Moves the activation of an unfinished run to a silo that goes on with it, if there is one.</summary>
    private async Task MoveOnAsync()
    {
        if ((_keeper?.Row ?? _handedOver) is { IsFinal: false, Attempt: > 0 } row
            && _keeper is not { IsFenced: true }
            && !live.IsOpen
            && await TryMoveOnAsync(row))
        {
            return;
        }

        if (!IsClosing && !_isDeactivating)
        {
            // The silo stays. Whoever asks next, such as recovery when the cordon is undone, finds out anew where the run goes on.
            _isMoving = false;
            _begun.TrySetResult();
            DeactivateOnIdle();
        }
    }

    private async Task<bool> TryMoveOnAsync(RunRow row)
    {
        try
        {
            if (await handOff.ChooseAsync(row.Graph) is { } there)
            {
                if (!there.Equals(_handedTo))
                {
                    // A silo that stops asks again when it deactivates its grains: a hand-over is told once.
                    LogHandedOver(logger, RunId, there);
                    _handedTo = there;
                }

                MoveTo(there);
                return true;
            }
        }
        catch (Exception exception)
        {
            // Nothing is lost by it: recovery goes on with the run when this silo is gone.
            LogNotHandedOver(logger, exception, RunId);
        }

        return false;
    }

    /// <summary>Moves to a silo that has the graph and may begin the run. Without one, the run stays as it is.</summary>
    private async Task MoveToGraphAsync(RunRow row)
    {
        _isMoving = false;
        if (await graphSilos.ChooseAsync(row.Graph) is { } there && !there.Equals(lease.Owner.Silo))
        {
            LogMoves(logger, RunId, row.Graph, there);
            MoveTo(there);
            return;
        }

        if (!graphSilos.IsCordonedOff(row.Graph))
        {
            LogGraphMissing(logger, RunId, row.Graph);
        }
    }

    /// <summary>Begins the run here, or on a silo whose version of its graph is the better one for it.</summary>
    private async Task BeginAsync(RunRow row)
    {
        var there = row.CancelAction is null ? await versions.ChooseAsync(row, _refused) : null;
        if (_isDeactivating)
        {
            return;
        }

        if (there is not null)
        {
            _refused = _refused.Add(executor.FingerprintOf(row.Graph));
            LogMovesToVersion(logger, RunId, row.Graph, there);
            MoveTo(there);
        }
        else if (TryKeep(row))
        {
            ExpectReader(row);
            _begun.TrySetResult();
        }
        else if (IsClosing && row.Attempt > 0)
        {
            HandOver(row);
        }
        else if (IsCordoned)
        {
            await MoveToGraphAsync(row);
        }
    }

    private void MoveTo(SiloAddress there)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, there);
        MigrateOnIdle();
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        _isMoving = true;
        LetGo();
    }
}
