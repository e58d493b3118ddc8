using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Recovery where several silos, or several clusters, share a database.</summary>
public sealed class ClusterRecoveryTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    private PostgresTestDatabase? _database;

    public async Task InitializeAsync() => _database = await PostgresTestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database!.DisposeAsync();

    [Fact]
    public async Task SiloDies_RunsThatOnlyTheDatabaseKnows_GoOnElsewhereAtOnce()
    {
        const int Runs = 12;
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        await using var cluster = await StartAsync(store, silos: 3);
        var dying = OwnerOf(cluster, 2);
        var runs = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => BegunAsync(cluster.Catalog, dying)));

        await cluster.KillAsync(2);
        foreach (var run in runs)
        {
            await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        }

        var owners = await Task.WhenAll(runs.Select(run => cluster.Catalog.FindRunAsync(run.RunId, None)));
        Assert.All(owners, run => Assert.Equal((RunStatus.Running, 2), (run!.Status, run.Attempt)));
        Assert.All(owners, run => Assert.Contains(run!.Owner, (string?[])[OwnerOf(cluster, 0), OwnerOf(cluster, 1)]));
        Assert.Equal(Runs, cluster.Gates.Arrivals(runs.Select(run => run.ThreadId)));
    }

    [Fact]
    public async Task SiloDies_MembersThatRecoverNothing_GetNoShare()
    {
        const int Runs = 12;
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        var silos = 0;
        await using var cluster = await StartAsync(store, silos: 4, configure: silo =>
        {
            if (Interlocked.Increment(ref silos) is 2 or 3)
            {
                WithoutLeaseAndRecovery(silo);
            }
        });
        var (survivor, dying) = cluster.SiloServices.Index()
            .Where(silo => silo.Item.GetRequiredService<SiloLease>().IsHeld)
            .Select(silo => silo.Index)
            .ToArray() is [var first, var last] ? (first, last) : throw new InvalidOperationException("Two silos have no recovery.");
        var runs = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => BegunAsync(cluster.Catalog, OwnerOf(cluster, dying))));

        await cluster.KillAsync(dying);
        foreach (var run in runs)
        {
            await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        }

        var owners = await Task.WhenAll(runs.Select(run => cluster.Catalog.FindRunAsync(run.RunId, None)));
        Assert.All(owners, run => Assert.Equal(OwnerOf(cluster, survivor), run!.Owner));
    }

    [Fact]
    public async Task SiloStops_RunsThatHadFallenToIt_GoOnElsewhereBeforeItIsGone()
    {
        const int Runs = 12;
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        var held = new HeldShutdown();
        await using var cluster = await StartAsync(
            store, silos: 2, configure: silo => silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(held));
        var runs = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => BegunAsync(cluster.Catalog, "a silo that died")));

        var stop = cluster.StopAsync(1);
        try
        {
            foreach (var run in runs)
            {
                await cluster.Gates.Of(run.ThreadId).ReachedAsync();
            }

            Assert.False(stop.IsCompleted);
        }
        finally
        {
            held.LetGo();
        }

        await stop;
    }

    [Fact]
    public async Task Recovery_SharedWhileOwnRunsWereLeft_LeavesNoneOfThemToTheOthers()
    {
        const int Runs = 12;
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        await using var cluster = await StartAsync(store, silos: 2);
        var runs = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => BegunAsync(cluster.Catalog, OwnerOf(cluster, 0))));

        await cluster.SiloServices[0].GetRequiredService<RunRecovery>()
            .RecoverAsync(isShared: true, None)
            .WithinAsync("the search");
        foreach (var run in runs)
        {
            await cluster.Gates.Of(run.ThreadId).ReachedAsync();
        }

        Assert.Equal(Runs, cluster.Gates.Arrivals(runs.Select(run => run.ThreadId)));
    }

    [Fact]
    public async Task Recovery_RunOfALiveSiloOfAnotherCluster_IsNeverTouched()
    {
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        await using var blue = await StartAsync(store, silos: 1);
        await using var green = await StartAsync(store, silos: 1);
        var run = await blue.StartGatedRunAsync();
        var before = await blue.DumpAsync(run.Thread.Id);

        await RecoverAsync(green);
        var seen = await green.Runs.Run(run.Run.Id).GetAsync();

        Assert.Equal((RunStatus.Running, 1), (seen.Status, seen.Attempt));
        Assert.Equal(before, await blue.DumpAsync(run.Thread.Id));
        Assert.Equal(0, green.Gates.Of(run.Thread.Id).Arrivals);
    }

    [Fact]
    public async Task Recovery_LeaseOfAnotherClustersSiloHasExpired_TakesItsRunsAndTheOldSiloIsFenced()
    {
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        await using var blue = await StartAsync(store, silos: 1, lease: TimeSpan.FromHours(1));
        await using var green = await StartAsync(store, silos: 1);
        var run = await blue.StartGatedRunAsync();

        // As after a long pause: the silo is there, and the database has waited for it in vain.
        await blue.Services.GetRequiredService<IOwnerLeases>().ReleaseAsync(blue.Services.GetRequiredService<SiloLease>().Owner, None);
        await RecoverAsync(green);
        await green.Gates.Of(run.Thread.Id).ReachedAsync();
        run.Gate.Open();
        await Eventually.TrueAsync(
            () => Task.FromResult(!blue.Services.GetRequiredService<LiveRuns>().Contains(run.Run.Id)), "the old silo to be fenced");
        green.Gates.Of(run.Thread.Id).Open();
        var ended = await green.Runs.Run(run.Run.Id).WaitAsync().WithinAsync("the run to end");
        var state = await green.Runs.Thread(run.Thread.Id).GetStateAsync();

        Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
        Assert.Equal("""["first","gated","last"]""", System.Text.Json.Nodes.JsonNode.Parse(state.Values)!["done"]!.ToJsonString());
    }

    [Fact]
    public async Task Get_PendingRunOfAnotherClusterWithALiveSilo_BeginsWhenItsLeaseIsGone()
    {
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        await using var green = await StartAsync(store, silos: 1);
        var leases = green.Services.GetRequiredService<IOwnerLeases>();
        var blue = new RunOwner("blue", SiloAddress.New(IPAddress.Loopback, 1, 1));
        await leases.HoldAsync(blue, ImmutableSortedDictionary<string, string>.Empty, TimeSpan.FromHours(1), None);
        var run = await AdmittedAsync(green.Catalog, blue.ClusterId);

        var before = await green.Runs.Run(run.RunId).GetAsync();
        await leases.ReleaseAsync(blue, None);
        var arrivals = green.Gates.Of(run.ThreadId).Arrivals;
        await green.Runs.Run(run.RunId).GetAsync();
        await green.Gates.Of(run.ThreadId).ReachedAsync();

        Assert.Equal((RunStatus.Pending, 0, 0), (before.Status, before.Attempt, arrivals));
    }

    [Fact]
    public async Task Recovery_CancelThatWasNotDelivered_IsDelivered()
    {
        using var store = RunStore.OnPostgres(_database!.ConnectionString);
        await using var cluster = await StartAsync(store, silos: 2);
        var run = await cluster.StartGatedRunAsync();
        await cluster.Catalog.RequestCancelAsync(run.Run.Id, CancelAction.Interrupt, None);

        await RecoverAsync(cluster);
        var ended = await run.Run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 1), (ended.Status, ended.StopReason, ended.Attempt));
    }

    private static Task<RunCluster> StartAsync(
        RunStore store, short silos, TimeSpan? lease = null, Action<ISiloBuilder>? configure = null) => RunCluster.StartAsync(options =>
    {
        options.ConfigureSilo = configure ?? options.ConfigureSilo;
        options.Store = store;
        options.Silos = silos;
        // What the tests see is not the timer's doing.
        options.Configure = runs => runs.Configure<RunRecoveryOptions>(
            o => (o.Period, o.LeaseDuration) = (Never, lease ?? TimeSpan.FromSeconds(30)));
    });

    /// <summary>Makes a silo a member as one of clients is: nothing of the runs takes part in its life.</summary>
    private static void WithoutLeaseAndRecovery(ISiloBuilder silo)
    {
        var ours = silo.Services.Where(service => service.ServiceType == typeof(ILifecycleParticipant<ISiloLifecycle>)
            && service.ImplementationFactory?.Method.Module == typeof(SiloLease).Module).ToList();
        ours.ForEach(service => silo.Services.Remove(service));
    }

    private static Task<RecoveryResult> RecoverAsync(RunCluster cluster) =>
        cluster.Services.GetRequiredService<RunRecovery>().RecoverAsync(isShared: false, None).WithinAsync("the search");

    private static string OwnerOf(RunCluster cluster, int silo) =>
        cluster.SiloServices[silo].GetRequiredService<SiloLease>().Owner.ToString();

    /// <summary>Leaves a run behind as a silo does that died in its first superstep.</summary>
    private static async Task<RunRow> BegunAsync(IRunCatalog catalog, string owner) =>
        await catalog.BeginAsync((await AdmittedAsync(catalog, clusterId: null)).RunId, 1, owner, None);

    private static async Task<RunRow> AdmittedAsync(IRunCatalog catalog, string? clusterId)
    {
        var runId = Guid.CreateVersion7().ToString();
        var request = new StartRunRequest { RunId = runId, Graph = SampleGraphs.Gated, Input = "{}" };
        var run = new NewRun(runId, Guid.CreateVersion7().ToString(), SampleGraphs.Gated, "fingerprint", RunRequests.ToRow(request))
        {
            ClusterId = clusterId,
        };
        return (await catalog.AdmitAsync(run, None)).Run!;
    }

    /// <summary>Keeps a silo from being gone when its members know that it stops.</summary>
    private sealed class HeldShutdown : ILifecycleParticipant<ISiloLifecycle>
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
            nameof(HeldShutdown), ServiceLifecycleStage.BecomeActive - 1, _ => Task.CompletedTask, _ => _go.Task);

        internal void LetGo() => _go.TrySetResult();
    }
}
