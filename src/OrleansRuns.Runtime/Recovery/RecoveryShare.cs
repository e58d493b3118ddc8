using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Which runs a silo looks after when all look at once. A value.</summary>
/// <param name="Self">This silo.</param>
/// <param name="Silos">The silos that look, in the same order on every silo.</param>
internal sealed record RecoveryShare(RunOwner Self, ImmutableArray<RunOwner> Silos)
{
    /// <summary>Makes the share of a silo that leaves nothing to others.</summary>
    internal static RecoveryShare Whole(RunOwner self) => new(self, [self]);

    /// <summary>Finds who looks: the active members with a lease.</summary>
    /// <remarks>
    /// A member without a lease has no recovery, such as a silo of clients, and one that is stopping has ended it: what fell to them would
    /// wait for the timer.
    /// </remarks>
    internal static RecoveryShare Of(ClusterMembershipSnapshot snapshot, RunOwner self, IEnumerable<OwnerLease> leases) => new(
        self,
        [
            .. leases.Select(lease => lease.Owner)
                .Where(owner => owner.ClusterId == self.ClusterId
                    && snapshot.Members.TryGetValue(owner.Silo, out var member)
                    && member.Status == SiloStatus.Active)
                .OrderBy(owner => owner.Silo),
        ]);

    /// <summary>Tells whether this silo looks after a run. Of the silos that see the same silos exactly one does.</summary>
    internal bool IsMine(string runId)
    {
        if (!Silos.Contains(Self))
        {
            // Nobody knows what the others see of it; a search too many is harmless.
            return true;
        }

        // The last digits of a run's id are random; string hashes differ from process to process.
        var hash = runId.Aggregate(0u, (all, one) => (all * 31) + one);
        return Silos[(int)(hash % (uint)Silos.Length)] == Self;
    }
}
