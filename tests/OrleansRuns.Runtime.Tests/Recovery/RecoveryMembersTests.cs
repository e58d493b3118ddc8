using System.Collections.Immutable;
using System.Net;

namespace OrleansRuns.Runtime.Tests;

public sealed class RecoveryMembersTests
{
    [Fact]
    public void Of_EveryStatus_TakesThoseThatMayExecuteRuns()
    {
        var statuses = Enum.GetValues<SiloStatus>();
        var members = statuses.Select((status, index) => new ClusterMember(Silo(index), status, $"silo {index}"));
        var snapshot = new ClusterMembershipSnapshot(members.ToImmutableDictionary(member => member.SiloAddress), new MembershipVersion(1));

        var live = RecoveryMembers.Of(snapshot, new RunOwner("blue", Silo(99))).Live;

        Assert.Equal(
            statuses.Index()
                .Where(pair => pair.Item is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
                .Select(pair => Silo(pair.Index))
                .Append(Silo(99))
                .Order(),
            live.Select(owner => owner.Silo));
        Assert.All(live, owner => Assert.Equal("blue", owner.ClusterId));
    }

    private static SiloAddress Silo(int generation) => SiloAddress.New(IPAddress.Loopback, 11111, generation);
}
