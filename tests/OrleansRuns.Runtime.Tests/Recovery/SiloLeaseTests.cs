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
        await using var cluster = await RunCluster.StartAsync(
            options => options.Configure = runs => runs.Configure<RunRecoveryOptions>(o => o.LeaseDuration = TimeSpan.FromSeconds(1)));
        var before = await cluster.StartGatedRunAsync();
        cluster.Store.LeaseHooks.Before = call => call == nameof(IOwnerLeases.HoldAsync)
            ? Task.FromException(new IOException("The database is gone."))
            : Task.CompletedTask;
        var lease = cluster.Services.GetRequiredService<SiloLease>();
        await Eventually.TrueAsync(() => Task.FromResult(!lease.IsHeld), "the lease to expire");

        var thread = cluster.Runs.Thread();
        var late = await thread.StartAsync(SampleGraphs.Gated, new { });
        before.Gate.Open();
        var ended = await before.Run.WaitAsync().WithinAsync("the run that was there before to end");
        Assert.Equal(0, cluster.Gates.Of(thread.Id).Arrivals);

        cluster.Store.LeaseHooks.Before = _ => Task.CompletedTask;
        await cluster.Gates.Of(thread.Id).ReachedAsync();
        Assert.Equal(Abstractions.RunStatus.Success, ended.Status);
        Assert.Equal(1, (await late.GetAsync()).Attempt);
    }

    private static IOwnerLeases Leases(RunCluster cluster) => cluster.Services.GetRequiredService<IOwnerLeases>();
}
