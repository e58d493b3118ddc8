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
    public async Task IsAlive_SiloIsDead_IsFalse()
    {
        await using var cluster = await RunCluster.StartAsync();
        var silo = cluster.Services.GetRequiredService<ISiloHealth>();

        await cluster.StopAsync(0);

        Assert.False(silo.IsAlive);
        Assert.NotNull(silo.UnreadyReason);
    }
}
