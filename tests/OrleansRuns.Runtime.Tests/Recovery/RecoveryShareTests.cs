using System.Collections.Immutable;
using System.Net;

namespace OrleansRuns.Runtime.Tests;

public sealed class RecoveryShareTests
{
    private const int Runs = 3000;

    [Fact]
    public void Of_EveryStatusWithALease_TakesTheActive()
    {
        var statuses = Enum.GetValues<SiloStatus>();
        var leases = statuses.Select((_, index) => Lease("blue", index)).Append(Lease("blue", 99));

        var silos = RecoveryShare.Of(Members(statuses), Owner(0), leases).Silos;

        Assert.Equal<RunOwner>([Owner(Array.IndexOf(statuses, SiloStatus.Active))], silos);
    }

    [Fact]
    public void Of_ActiveWithoutALeaseOfTheCluster_IsLeftOut()
    {
        var members = Members([.. Enumerable.Repeat(SiloStatus.Active, 5)]);

        var silos = RecoveryShare.Of(members, Owner(1), [Lease("blue", 3), Lease("green", 2), Lease("blue", 1)]).Silos;

        Assert.Equal<RunOwner>([Owner(1), Owner(3)], silos);
    }

    [Fact]
    public void IsMine_EveryRun_IsOneSilosAndTheSharesAreAlike()
    {
        ImmutableArray<RunOwner> silos = [.. Enumerable.Range(1, 3).Select(Owner)];

        var owners = RunIds().Select(runId => silos.Single(silo => new RecoveryShare(silo, silos).IsMine(runId)))
            .CountBy(silo => silo)
            .ToDictionary();

        Assert.All(silos, silo => Assert.InRange(owners[silo], Runs / 4, Runs / 2));
    }

    [Fact]
    public void IsMine_WholeOrNotAmongTheSilos_EveryRun()
    {
        Assert.All(RunIds(), runId => Assert.True(RecoveryShare.Whole(Owner(1)).IsMine(runId)));
        Assert.All(RunIds(), runId => Assert.True(new RecoveryShare(Owner(1), [Owner(2), Owner(3)]).IsMine(runId)));
    }

    private static IEnumerable<string> RunIds() => Enumerable.Range(0, Runs).Select(_ => Guid.CreateVersion7().ToString());

    private static ClusterMembershipSnapshot Members(SiloStatus[] statuses) => new(
        statuses.Select((status, index) => new ClusterMember(Owner(index).Silo, status, $"silo {index}"))
            .ToImmutableDictionary(member => member.SiloAddress),
        new MembershipVersion(1));

    private static OwnerLease Lease(string cluster, int generation) => new(
        Owner(generation) with { ClusterId = cluster }, ImmutableSortedDictionary<string, string>.Empty, DateTimeOffset.UnixEpoch);

    private static RunOwner Owner(int generation) => new("blue", SiloAddress.New(IPAddress.Loopback, 11111, generation));
}
