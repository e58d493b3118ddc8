using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class SiloHealthTests
{
    [Fact]
    public async Task UnreadyReason_GateIsClosed_SaysSoWhileTheSiloIsAlive()
    {
        await using var cluster = await RunCluster.StartAsync();
        var silo = cluster.Services.GetRequiredService<ISiloHealth>();
        var before = (silo.HasStarted, silo.UnreadyReason, silo.IsAlive);

        cluster.Services.GetRequiredService<LiveRuns>().Close();

        Assert.Equal((true, null, true), before);
        Assert.Equal((true, "The silo takes no more runs.", true), (silo.HasStarted, silo.UnreadyReason, silo.IsAlive));
    }

    [Fact]
    public async Task UnreadyReason_MoreNodesThanItMayCarryDoNotEnd_SaysSoUntilTheyDo()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.Configure = runs => runs
            .Configure<RunsOptions>(one => one.NodeCancellationGrace = TimeSpan.FromMilliseconds(10))
            .Configure<RunNodesOptions>(one => one.MaxLeftBehind = 1));
        var silo = cluster.Services.GetRequiredService<ISiloHealth>();
        var runs = new[] { await cluster.StartGatedRunAsync(SampleGraphs.Deaf), await cluster.StartGatedRunAsync(SampleGraphs.Deaf) };

        await runs[0].Run.CancelAndWaitAsync();
        var one = silo.UnreadyReason;
        await runs[1].Run.CancelAndWaitAsync();
        var two = silo.UnreadyReason;
        cluster.Gates.OpenAll();
        await Eventually.TrueAsync(() => Task.FromResult(silo.UnreadyReason is null), "the nodes to end and the silo to be ready");

        Assert.Null(one);
        Assert.Equal("The silo carries 2 nodes along that do not end: restart it.", two);
    }

    [Fact]
    public async Task IsAlive_SiloIsDead_IsFalse()
    {
        await using var cluster = await RunCluster.StartAsync();
        var silo = cluster.Services.GetRequiredService<ISiloHealth>();

        await cluster.StopAsync(0);

        Assert.False(silo.IsAlive);
        Assert.NotNull(silo.UnreadyReason);
    }
}
