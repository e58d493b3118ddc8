using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class SiloLeaseTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Start_Silo_HoldsALeaseThatTellsItsGraphs()
    {
        await using var cluster = await RunCluster.StartAsync();

        var lease = Assert.Single(await Leases(cluster).ListLiveAsync(None));

        Assert.Equal(cluster.Services.GetRequiredService<SiloLease>().Owner, lease.Owner);
        Assert.Equal(cluster.Services.GetRequiredService<IGraphs>().Names, lease.Graphs.Keys);
        Assert.Equal(cluster.Services.GetRequiredService<IGraphs>().Get(SampleGraphs.Ask).Fingerprint, lease.Graphs[SampleGraphs.Ask]);
    }

    [Fact]
    public async Task Stop_Silo_GivesItsLeaseBack()
    {
        using var store = new RunStore();
        await using (var first = await RunCluster.StartAsync(options => options.Store = store))
        {
            await first.StopAsync();
        }

        await using var second = await RunCluster.StartAsync(options => options.Store = store);

        Assert.Single(await Leases(second).ListLiveAsync(None));
    }

    [Fact]
    public async Task Begin_LeaseCannotBeRenewed_BeginsNothingUntilItIsAndThenAtOnce()
    {
        var faults = new LeaseFaults();
        await using var cluster = await RunCluster.StartAsync(options =>
        {
            options.Configure = runs => runs.Configure<RunRecoveryOptions>(o => o.LeaseDuration = TimeSpan.FromSeconds(1));
            options.ConfigureSilo = silo => faults.Attach(silo.Services);
        });
        var before = await cluster.StartGatedRunAsync();
        faults.IsBroken = true;
        var lease = cluster.Services.GetRequiredService<SiloLease>();
        await Eventually.TrueAsync(() => Task.FromResult(!lease.IsHeld), "the lease to expire");

        var thread = cluster.Runs.Thread();
        var late = await thread.StartAsync(SampleGraphs.Gated, new { });
        before.Gate.Open();
        var ended = await before.Run.WaitAsync().WithinAsync("the run that was there before to end");
        Assert.Equal(0, cluster.Gates.Of(thread.Id).Arrivals);

        faults.IsBroken = false;
        await cluster.Gates.Of(thread.Id).ReachedAsync();
        Assert.Equal(Abstractions.RunStatus.Success, ended.Status);
        Assert.Equal(1, (await late.GetAsync()).Attempt);
    }

    private static IOwnerLeases Leases(RunCluster cluster) => cluster.Services.GetRequiredService<IOwnerLeases>();

    /// <summary>Makes renewals fail as a database does that is gone.</summary>
    private sealed class LeaseFaults
    {
        internal bool IsBroken { get; set; }

        internal void Attach(IServiceCollection services)
        {
            var inner = services.Last(service => service.ServiceType == typeof(IOwnerLeases));
            services.Remove(inner);
            services.AddSingleton<IOwnerLeases>(provider => new Broken(
                (IOwnerLeases)ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!), this));
        }

        private sealed class Broken(IOwnerLeases inner, LeaseFaults faults) : IOwnerLeases
        {
            public Task HoldAsync(
                RunOwner owner, ImmutableSortedDictionary<string, string> graphs, TimeSpan duration, CancellationToken cancellationToken) =>
                faults.IsBroken
                    ? Task.FromException(new IOException("The database is gone."))
                    : inner.HoldAsync(owner, graphs, duration, cancellationToken);

            public Task ReleaseAsync(RunOwner owner, CancellationToken cancellationToken) => inner.ReleaseAsync(owner, cancellationToken);

            public Task CordonAsync(RunOwner owner, bool isCordoned, CancellationToken cancellationToken) =>
                inner.CordonAsync(owner, isCordoned, cancellationToken);

            public Task<ImmutableArray<OwnerLease>> ListLiveAsync(CancellationToken cancellationToken) =>
                inner.ListLiveAsync(cancellationToken);

            public Task<ImmutableArray<RunSummary>> ListDueAsync(
                DueRuns query, string? after, int limit, CancellationToken cancellationToken) =>
                inner.ListDueAsync(query, after, limit, cancellationToken);
        }
    }
}
