namespace OrleansRuns.Runtime;

/// <summary>Where the runs of a silo that stops go on.</summary>
internal sealed class DrainHandOff
{
    private readonly IClusterMembershipService _membership;
    private readonly GraphSilos _graphSilos;
    private readonly SiloAddress _self;
    private readonly Lazy<Task> _leaving;

    public DrainHandOff(IClusterMembershipService membership, GraphSilos graphSilos, ILocalSiloDetails silo)
    {
        (_membership, _graphSilos, _self) = (membership, graphSilos, silo.SiloAddress);
        // Outside of whichever grain happens to ask first.
        _leaving = new Lazy<Task>(() => Task.Run(WatchAsync));
    }

    /// <summary>Waits until the members say that this silo stops: until then a run that leaves it might be placed on it again.</summary>
    internal Task LeavingAsync() => _leaving.Value;

    /// <summary>Chooses an active silo that has a graph.</summary>
    /// <returns>The silo, or <see langword="null"/> when there is none: the run then goes on when one starts.</returns>
    internal async Task<SiloAddress?> ChooseAsync(string graph)
    {
        var hasPeer = _membership.CurrentSnapshot.Members.Values.Any(
            member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(_self));
        return hasPeer && await _graphSilos.ChooseAsync(graph) is { } there && !there.Equals(_self) ? there : null;
    }

    private async Task WatchAsync()
    {
        await foreach (var snapshot in _membership.MembershipUpdates)
        {
            if (snapshot.GetSiloStatus(_self) is SiloStatus.ShuttingDown or SiloStatus.Stopping or SiloStatus.Dead)
            {
                return;
            }
        }
    }
}
