using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class GrainIdlingTests
{
    [Fact]
    public async Task Options_OfASilo_LetGoOfRunsAndThreadsSoon()
    {
        await using var cluster = await RunCluster.StartAsync();

        var ages = cluster.Services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value.ClassSpecificCollectionAge;

        Assert.Equal(GrainIdling.Age, ages[typeof(RunGrain).FullName!]);
        Assert.Equal(GrainIdling.Age, ages[typeof(ThreadGrain).FullName!]);
    }

    [Fact]
    public void PostConfigure_ProgramHasAnAgeOfItsOwn_LeavesIt()
    {
        var all = new GrainCollectionOptions { CollectionAge = TimeSpan.FromHours(1) };
        var own = new GrainCollectionOptions { ClassSpecificCollectionAge = { [typeof(RunGrain).FullName!] = TimeSpan.FromHours(1) } };
        var rare = new GrainCollectionOptions { CollectionQuantum = TimeSpan.FromMinutes(3) };

        foreach (var options in new[] { all, own, rare })
        {
            new GrainIdling().PostConfigure(null, options);
        }

        Assert.Empty(all.ClassSpecificCollectionAge);
        Assert.Equal(TimeSpan.FromHours(1), own.ClassSpecificCollectionAge[typeof(RunGrain).FullName!]);
        Assert.Empty(rare.ClassSpecificCollectionAge);
    }
}
