using Orleans.Runtime.Placement;

namespace OrleansRuns.Runtime;

/// <summary>Takes a run to a silo that has its graph.</summary>
internal sealed partial class RunGrain : IGrainMigrationParticipant
{
    private bool _hasMoved;
    private bool _isMoving;

    void IGrainMigrationParticipant.OnDehydrate(IDehydrationContext dehydrationContext)
    {
        // Everything that moves is in the database.
    }

    void IGrainMigrationParticipant.OnRehydrate(IRehydrationContext rehydrationContext) => _hasMoved = true;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (_hasMoved)
        {
            // Nobody has to ask: whoever asked before it moved has had an answer.
            await GoOnAsync(cancellationToken);
        }
    }

    private async Task MoveToGraphAsync(RunRow row)
    {
        _isMoving = false;
        if (await graphSilos.ChooseAsync(row.Graph) is { } there && !there.Equals(lease.Owner.Silo))
        {
            LogMoves(logger, RunId, row.Graph, there);
            RequestContext.Set(IPlacementDirector.PlacementHintKey, there);
            MigrateOnIdle();
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
            _isMoving = true;
            LetGo();
            return;
        }

        LogGraphMissing(logger, RunId, row.Graph);
    }
}
