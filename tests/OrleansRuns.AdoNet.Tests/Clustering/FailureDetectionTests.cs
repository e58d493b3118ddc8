using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace OrleansRuns.AdoNet.Tests;

public sealed class FailureDetectionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UseOrleansRunsPostgres_ProgramHasValuesOfItsOwn_TheyWin(bool isBefore)
    {
        using var host = Build(silo =>
        {
            _ = isBefore ? ConfigureOwn(silo) : silo;
            silo.UseOrleansRunsPostgres(options => options.ConnectionString = "Host=nowhere");
            _ = isBefore ? silo : ConfigureOwn(silo);
        });

        var membership = host.Services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;
        var directory = host.Services.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value;

        Assert.Equal((TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(30)), (membership.ProbeTimeout, directory.RangeLeaseDuration));
        // What it does not name stays as it was tuned.
        Assert.Equal((3, 6), (membership.NumMissedProbesLimit, membership.NumMissedTableIAmAliveLimit));
    }

    [Fact]
    public void UseOrleansRunsPostgres_ProgramHasNoValues_IsTuned()
    {
        using var host = Build(silo => silo.UseOrleansRunsPostgres(options => options.ConnectionString = "Host=nowhere"));

        var membership = host.Services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;
        var directory = host.Services.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value;

        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.Zero), (membership.ProbeTimeout, directory.RangeLeaseDuration));
    }

    private static ISiloBuilder ConfigureOwn(ISiloBuilder silo) => silo
        .Configure<ClusterMembershipOptions>(options => options.ProbeTimeout = TimeSpan.FromSeconds(9))
        .Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = TimeSpan.FromSeconds(30));

    private static IHost Build(Action<ISiloBuilder> configure)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(configure);
        return builder.Build();
    }
}
