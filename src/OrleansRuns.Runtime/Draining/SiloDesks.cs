using System.Collections.Immutable;
using Orleans.Runtime.Placement;

namespace OrleansRuns.Runtime;

/// <summary>Reaches the silos of this cluster that execute runs, each at its own desk.</summary>
internal sealed class SiloDesks(
    IGrainFactory grains, IOwnerLeases leases, IClusterMembershipService membership, ILocalSiloDetails silo)
{
    /// <summary>Gets the silos that are not dead, by address. Their leases tell that they execute runs.</summary>
    internal async Task<ImmutableArray<(OwnerLease Lease, SiloStatus Status)>> ListAsync(CancellationToken cancellationToken)
    {
        await membership.Refresh(cancellationToken: cancellationToken);
        var members = membership.CurrentSnapshot.Members;
        return
        [
            .. from one in await leases.ListLiveAsync(cancellationToken)
               where one.Owner.ClusterId == silo.ClusterId && members.ContainsKey(one.Owner.Silo)
               let status = members[one.Owner.Silo].Status
               where status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping
               orderby one.Owner.Silo
               select (one, status),
        ];
    }

    /// <summary>Asks something of a silo.</summary>
    internal async Task<T> AskAsync<T>(SiloAddress there, Func<ISiloGrain, Task<T>> ask)
    {
        // A desk that is not there yet is made on its silo.
        RequestContext.Set(IPlacementDirector.PlacementHintKey, there);
        return await ask(grains.GetGrain<ISiloGrain>(there.ToParsableString()));
    }
}
