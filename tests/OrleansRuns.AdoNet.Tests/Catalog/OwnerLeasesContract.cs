using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What the leases of every store promise. Tests share a store, and each has clusters of its own.</summary>
public abstract class OwnerLeasesContract(IStorageBench bench)
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Duration = TimeSpan.FromHours(1);
    private static int _generation;

    private readonly string _blue = $"blue/{Guid.CreateVersion7()}";
    private readonly string _green = $"green/{Guid.CreateVersion7()}";

    [Fact]
    public async Task HoldAsync_NewOwner_IsLiveWithItsGraphs()
    {
        var owner = Owner(_blue);

        await HoldAsync(owner, ("digest", "f1"), ("order", "f2"));

        var lease = Assert.Single(await ListLiveAsync(_blue));
        Assert.Equal(owner, lease.Owner);
        Assert.Equal([KeyValuePair.Create("digest", "f1"), KeyValuePair.Create("order", "f2")], lease.Graphs);
    }

    [Fact]
    public async Task CordonAsync_LeaseIsRenewed_KeepsTheMarkUntilItIsTakenOff()
    {
        var (owner, other) = (Owner(_blue), Owner(_blue));
        await HoldAsync(owner);
        await HoldAsync(other);

        await bench.Leases.CordonAsync(owner, isCordoned: true, None);
        await HoldAsync(owner);
        var marked = (await bench.Leases.ListLiveAsync(None)).Single(lease => lease.Owner == owner);
        var unmarked = (await bench.Leases.ListLiveAsync(None)).Single(lease => lease.Owner == other);
        await bench.Leases.CordonAsync(owner, isCordoned: false, None);

        Assert.Equal((true, false), (marked.IsCordoned, unmarked.IsCordoned));
        Assert.False((await bench.Leases.ListLiveAsync(None)).Single(lease => lease.Owner == owner).IsCordoned);
    }

    [Fact]
    public async Task HoldAsync_TimeRunsOut_IsNotLiveUntilItIsRenewed()
    {
        var owner = Owner(_blue);
        await HoldAsync(owner);

        await bench.AgeLeaseAsync(owner, Duration - TimeSpan.FromSeconds(30));
        Assert.Single(await ListLiveAsync(_blue));
        await bench.AgeLeaseAsync(owner, TimeSpan.FromSeconds(31));
        Assert.Empty(await ListLiveAsync(_blue));

        await HoldAsync(owner, ("order", "f3"));
        Assert.Equal("f3", Assert.Single(await ListLiveAsync(_blue)).Graphs["order"]);
    }

    [Fact]
    public async Task ReleaseAsync_OneOfTwo_LeavesTheOther()
    {
        var (first, second) = (Owner(_blue), Owner(_blue));
        await HoldAsync(first);
        await HoldAsync(second);

        await bench.Leases.ReleaseAsync(first, None);
        await bench.Leases.ReleaseAsync(first, None);

        Assert.Equal(second, Assert.Single(await ListLiveAsync(_blue)).Owner);
    }

    [Fact]
    public async Task BeginAsync_OwnedByALiveSiloOfAnotherCluster_IsRefusedUntilItsLeaseExpires()
    {
        var (blue, green) = (Owner(_blue), Owner(_green));
        await HoldAsync(blue);
        await HoldAsync(green);
        var run = await RunningAsync(blue);

        var refused = await bench.Catalog.BeginAsync(run.RunId, 2, green.ToString(), None);
        await bench.AgeLeaseAsync(blue, Duration + TimeSpan.FromSeconds(1));
        var taken = await bench.Catalog.BeginAsync(run.RunId, 2, green.ToString(), None);

        Assert.Equal((1, blue.ToString()), (refused.Attempt, refused.Owner));
        Assert.Equal((2, green.ToString()), (taken.Attempt, taken.Owner));
    }

    [Fact]
    public async Task BeginAsync_OwnedByALiveSiloOfTheSameCluster_IsGiven()
    {
        var (first, second) = (Owner(_blue), Owner(_blue));
        await HoldAsync(first);
        var run = await RunningAsync(first);

        var taken = await bench.Catalog.BeginAsync(run.RunId, 2, second.ToString(), None);

        Assert.Equal((2, second.ToString()), (taken.Attempt, taken.Owner));
    }

    [Fact]
    public async Task BeginAsync_AdmittedByAnotherClusterWithALiveSilo_IsRefusedUntilItsLastLeaseExpires()
    {
        var (first, last, green) = (Owner(_blue), Owner(_blue), Owner(_green));
        foreach (var owner in new[] { first, last, green })
        {
            await HoldAsync(owner);
        }

        var graph = $"graph-{Guid.NewGuid():N}";
        var run = await AdmitAsync(_blue, graph);
        var unknown = await AdmitAsync(clusterId: null, graph);
        await bench.Leases.ReleaseAsync(first, None);
        var refused = await bench.Catalog.BeginAsync(run.RunId, 1, green.ToString(), None);
        var own = await bench.Catalog.ListReadyAsync(_blue, [graph], 10, None);
        var others = await bench.Catalog.ListReadyAsync(_green, [graph], 10, None);
        await bench.AgeLeaseAsync(last, Duration + TimeSpan.FromSeconds(1));
        var left = await bench.Catalog.ListReadyAsync(_green, [graph], 10, None);
        var begun = await bench.Catalog.BeginAsync(run.RunId, 1, green.ToString(), None);

        Assert.Equal((_blue, 0, null), (run.ClusterId, refused.Attempt, refused.Owner));
        Assert.Equal(Ids(run, unknown), own.Select(one => one.RunId));
        Assert.Equal(Ids(unknown), others.Select(one => one.RunId));
        Assert.Equal(Ids(run, unknown), left.Select(one => one.RunId));
        Assert.Equal((1, green.ToString()), (begun.Attempt, begun.Owner));
    }

    [Fact]
    public async Task ListDueAsync_EveryKindOfOwner_HoldsThoseThatNobodyLooksAfter()
    {
        var (self, neighbour, dead, foreign, goner) = (Owner(_green), Owner(_green), Owner(_green), Owner(_blue), Owner(_blue));
        foreach (var owner in new[] { self, neighbour, dead, foreign, goner })
        {
            await HoldAsync(owner);
        }

        await bench.Leases.ReleaseAsync(goner, None);
        var own = await RunningAsync(self);
        var atNeighbour = await RunningAsync(neighbour);
        var ofDead = await RunningAsync(dead);
        var ofForeign = await RunningAsync(foreign);
        var ofGoner = await RunningAsync(goner);
        var ofNobody = await AdmitAsync();
        var ofUnreadable = await RunningAsync("somebody");
        var cancelledAtNeighbour = await CancelAsync(await RunningAsync(neighbour));
        var cancelledAtForeign = await CancelAsync(await RunningAsync(foreign));
        var ended = await RunningAsync(dead);
        await bench.Catalog.EndAsync(new RunEnd { RunId = ended.RunId, Attempt = 1, Status = RunStatus.Success }, None);
        var drained = await RunningAsync(goner);
        await bench.Catalog.EndAsync(
            new RunEnd { RunId = drained.RunId, Attempt = 1, Status = RunStatus.Interrupted, Resumable = true }, None);
        RunRow[] all =
        [
            own, atNeighbour, ofDead, ofForeign, ofGoner, ofNobody, ofUnreadable, cancelledAtNeighbour, cancelledAtForeign, ended, drained,
        ];

        var due = await ListDueAsync(new DueRuns { Self = self, Live = [self, neighbour] }, all);
        var dueWithOwn = await ListDueAsync(new DueRuns { Self = self, Live = [self, neighbour], IncludesOwn = true }, all);

        Assert.Equal(Ids(ofDead, ofGoner, ofUnreadable, cancelledAtNeighbour, drained), due);
        Assert.Equal(Ids(own, ofDead, ofGoner, ofUnreadable, cancelledAtNeighbour, drained), dueWithOwn);
    }

    [Fact]
    public async Task ListDueAsync_LiveInTheMembershipButItsLeaseHasExpired_IsDue()
    {
        var (self, neighbour) = (Owner(_green), Owner(_green));
        await HoldAsync(self);
        await HoldAsync(neighbour);
        var run = await RunningAsync(neighbour);
        await bench.AgeLeaseAsync(neighbour, Duration + TimeSpan.FromSeconds(1));

        Assert.Equal(Ids(run), await ListDueAsync(new DueRuns { Self = self, Live = [self, neighbour] }, run));
    }

    [Fact]
    public async Task ListDueAsync_PageAfterPage_HoldsEveryRunOnceInTheOrderOfBytes()
    {
        var self = Owner(_green);
        var runs = new List<RunRow>();
        foreach (var letter in "aB-cA1b")
        {
            // Upper case sorts before lower case, and a dash before both, whatever the database's language.
            runs.Add(await RunningAsync("somebody", $"{_green}{letter}"));
        }

        var due = await ListDueAsync(new DueRuns { Self = self, Live = [self] }, [.. runs]);

        Assert.Equal(Ids([.. runs]), due);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task ListDueAsync_NoSuchPage_IsRefused(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => bench.Leases.ListDueAsync(new DueRuns { Self = Owner(_blue), Live = [] }, null, limit, None));

    private static RunOwner Owner(string cluster) =>
        new(cluster, SiloAddress.New(System.Net.IPAddress.Loopback, 11111, Interlocked.Increment(ref _generation)));

    private static IEnumerable<string> Ids(params RunRow[] runs) => runs.Select(run => run.RunId).Order(StringComparer.Ordinal);

    private Task HoldAsync(RunOwner owner, params (string Name, string Fingerprint)[] graphs) => bench.Leases.HoldAsync(
        owner, graphs.ToImmutableSortedDictionary(graph => graph.Name, graph => graph.Fingerprint), Duration, None);

    private async Task<IEnumerable<OwnerLease>> ListLiveAsync(string cluster) =>
        (await bench.Leases.ListLiveAsync(None)).Where(lease => lease.Owner.ClusterId == cluster);

    /// <summary>Reads page by page what is due among the runs of one test.</summary>
    private async Task<IEnumerable<string>> ListDueAsync(DueRuns query, params RunRow[] among)
    {
        var found = new List<string>();
        string? after = null;
        while (await bench.Leases.ListDueAsync(query, after, 2, None) is { Length: > 0 } page)
        {
            found.AddRange(page.Select(run => run.RunId));
            after = page[^1].RunId;
        }

        return found.Intersect(among.Select(run => run.RunId));
    }

    private async Task<RunRow> AdmitAsync(string? clusterId = null, string graph = "digest", string? runId = null)
    {
        var run = new NewRun(runId ?? Guid.CreateVersion7().ToString(), $"thread-{Guid.CreateVersion7()}", graph, "f1", "{}")
        {
            ClusterId = clusterId,
        };
        return (await bench.Catalog.AdmitAsync(run, None)).Run!;
    }

    private Task<RunRow> RunningAsync(RunOwner owner) => RunningAsync(owner.ToString());

    private async Task<RunRow> RunningAsync(string owner, string? runId = null) =>
        await bench.Catalog.BeginAsync((await AdmitAsync(runId: runId)).RunId, 1, owner, None);

    private async Task<RunRow> CancelAsync(RunRow run) =>
        (await bench.Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None))!;
}
