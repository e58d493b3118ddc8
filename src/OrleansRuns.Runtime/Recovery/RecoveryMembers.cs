using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>The live silos of this cluster, and which runs each of them looks after when all look at once. A value.</summary>
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

    /// <summary>Tells whether this silo looks after a run. Of the silos that see the same members exactly one does.</summary>
    internal bool IsMine(string runId)
    {
        // The last digits of a run's id are random; string hashes differ from process to process.
        var hash = runId.Aggregate(0u, (all, one) => (all * 31) + one);
        return Live[(int)(hash % (uint)Live.Length)] == Self;
    }
}
