using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Several silos on one PostgreSQL, with Orleans' own membership and directory.</summary>
public sealed class PostgresClusterTests
{
    [Fact]
    public async Task StartAsync_FourSilosOnAnEmptyDatabase_AllComeUpAndMigrateOnce()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var cluster = new PostgresCluster(database.ConnectionString);

        await cluster.StartSilosAsync(4);
        await cluster.ConnectAsync();

        var hosts = await cluster.Grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        Assert.Equal(4, hosts.Count);
        await using var look = NpgsqlDataSource.Create(database.ConnectionString);
        await using var versions = look.CreateCommand("select count(*) from orleansruns.schema_versions");
        var scripts = cluster.Silos[0].Services.GetRequiredService<SchemaMigrator>().Scripts;
        Assert.Equal(scripts.Length, (long)(await versions.ExecuteScalarAsync())!);
        foreach (var services in cluster.Silos.Select(silo => silo.Services))
        {
            // One pool of connections for the catalog, the log and the membership.
            var source = services.GetRequiredService<IDatabase>().Source;
            Assert.Same(source, services.GetRequiredService<IOptions<AdoNetClusteringSiloOptions>>().Value.DataSource);
            var logs = services.GetRequiredService<IOptionsMonitor<AdoNetGrainStorageOptions>>().Get(AdoThreadLogStore.StorageName);
            Assert.Same(source, logs.DataSource);
        }
    }

    [Fact]
    public async Task StartAsync_BurstFromOneCaller_SpreadsOverAllSilosAFreshOneToo()
    {
        const int Burst = 600;
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var cluster = new PostgresCluster(database.ConnectionString);
        await cluster.StartSilosAsync(2);
        await cluster.StartSilosAsync(1);
        var caller = cluster.Silos[0].Services.GetRequiredService<IRunsClient>();

        var runs = await Task.WhenAll(
            Enumerable.Range(0, Burst).Select(_ => caller.Thread().StartAsync(SampleGraphs.Gated, new { })));
        await Eventually.TrueAsync(
            async () => (await RowsAsync(cluster, runs)).All(row => row.Status == RunStatus.Running), $"{Burst} runs to begin");

        var owners = (await RowsAsync(cluster, runs)).CountBy(row => row.Owner!).ToDictionary();
        Assert.Equal((3, Burst), (owners.Count, owners.Values.Sum()));
        Assert.All(owners.Values, count => Assert.InRange(count, 1, 2 * Burst / 3));
        cluster.Gates.OpenAll();
        var ended = await Task.WhenAll(runs.Select(run => run.WaitAsync())).WithinAsync("the burst to end", TimeSpan.FromMinutes(2));
        Assert.All(ended, run => Assert.Equal(RunStatus.Success, run.Status));
    }

    [Fact]
    public async Task StopAsync_OneOfThreeSilos_LeavesTheRunsOfTheOthersAlone()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        // The gates stay shut while the silo drains: its runs are cancelled, and go on elsewhere.
        await using var cluster = new PostgresCluster(database.ConnectionString, silo =>
            silo.Configure<DrainOptions>(options => options.SuperstepGrace = TimeSpan.FromMilliseconds(200)));
        await cluster.StartSilosAsync(3);
        await cluster.ConnectAsync();
        var runs = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(_ => cluster.Runs.Thread().StartAsync(SampleGraphs.Gated, new { })));
        await Eventually.TrueAsync(
            async () => (await RowsAsync(cluster, runs)).All(row => row.Status == RunStatus.Running), "60 runs to begin");
        var before = await RowsAsync(cluster, runs);
        var address = cluster.Silos[0].Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var stopped = new RunOwner("test", address).ToString();

        await cluster.StopAsync(cluster.Silos[0]);
        cluster.Gates.OpenAll();
        var ended = await Task.WhenAll(runs.Select(run => run.WaitAsync())).WithinAsync("60 runs to end", TimeSpan.FromMinutes(2));

        Assert.All(ended, run => Assert.Equal(RunStatus.Success, run.Status));
        Assert.All(
            ended.Zip(before).Where(pair => pair.Second.Owner != stopped), pair => Assert.Equal(1, pair.First.Attempt));
        Assert.Contains(before, row => row.Owner == stopped);
    }

    private static async Task<IReadOnlyList<RunRow>> RowsAsync(PostgresCluster cluster, IEnumerable<RunHandle> runs) =>
        await Task.WhenAll(runs.Select(async run => (await cluster.Catalog.FindRunAsync(run.Id, CancellationToken.None))!));
}
