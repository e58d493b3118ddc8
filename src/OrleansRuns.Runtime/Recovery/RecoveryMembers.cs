using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>The live silos of this cluster, any of which may own runs. A value.</summary>
/// <param name="Self">This silo.</param>
/// <param name="Live">The live silos, this one among them, in the same order on every silo.</param>
internal sealed record RecoveryMembers(RunOwner Self, ImmutableArray<RunOwner> Live)
{
    /// <summary>Reads them off the membership. A silo that is stopping is alive: it still executes runs.</summary>
    internal static RecoveryMembers Of(ClusterMembershipSnapshot snapshot, RunOwner self) => new(
        self,
        [
            .. snapshot.Members.Values
                .Where(member => member.Status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
                .Select(member => member.SiloAddress)
                .Append(self.Silo)
                .Distinct()
                .Order()
                .Select(silo => new RunOwner(self.ClusterId, silo)),
        ]);
}
