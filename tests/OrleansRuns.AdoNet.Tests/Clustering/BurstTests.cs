using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Configuration;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>More runs at once than a silo executes, each of which then waits for a person.</summary>
[Collection(nameof(Measured))]
public sealed class BurstTests(ITestOutputHelper output)
{
    private const int Active = 100;
    private static readonly int Runs = LongTests.Loops(few: 300, many: 10_000);
    private static readonly long BytesLeft = LongTests.Loops(few: 100_000, many: 10_000);
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(LongTests.Loops(few: 1, many: 10));

    [Fact]
    public async Task StartAsync_BurstOfRunsThatAsk_WorksItselfOffAndLeavesNoGrain()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var cluster = new PostgresCluster(database.ConnectionString, silo =>
        {
            silo.Configure<RunsOptions>(options => (options.MaxActiveRuns, options.DeactivationGrace) = (Active, TimeSpan.FromSeconds(1)));
            silo.Configure<GrainCollectionOptions>(options =>
                (options.CollectionAge, options.CollectionQuantum) = (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1)));
        });
        await cluster.StartSilosAsync(1);
        await cluster.ConnectAsync();
        await (await cluster.Runs.Thread().StartAsync(SampleGraphs.Ask, new { })).WaitAsync();
        await NoGrainsAsync(cluster);
        var idle = GC.GetTotalMemory(forceFullCollection: true);

        var started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => cluster.Runs.Thread().StartAsync(SampleGraphs.Ask, new { })))
            .WithinAsync($"{Runs} runs to be admitted", Bound);
        var admitted = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var busy = GC.GetTotalMemory(forceFullCollection: true);
        await Eventually.TrueAsync(async () => await CountAsync(source) == Runs + 1, $"{Runs} runs to ask", Bound);
        var asked = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        await NoGrainsAsync(cluster);
        var left = GC.GetTotalMemory(forceFullCollection: true);

        output.WriteLine($"{Runs} runs: admitted in {admitted:f1} s ({Runs / admitted:f0}/s)");
        output.WriteLine($"asked after {asked:f1} s ({Runs / asked:f0}/s)");
        output.WriteLine($"{(busy - idle) / Runs} bytes a run when all were admitted, {(left - idle) / Runs} when all waited");
        // Waiting runs are in the database. What is left of each is its place in Orleans' caches. Of a few hundred it is less than what
        // comes and goes with the process, so that only many of them show a leak that is small.
        Assert.InRange((left - idle) / Runs, long.MinValue, BytesLeft);
    }

    private static async Task<long> CountAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand(
            "select count(*) from orleansruns.runs join orleansruns.threads using (thread_id) "
            + "where status = 'success' and thread_status = 'interrupted'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static Task NoGrainsAsync(PostgresCluster cluster) => Eventually.TrueAsync(
        async () => (await cluster.Grains.GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics())
            .Where(grain => grain.GrainType.Contains("OrleansRuns", StringComparison.Ordinal))
            .Sum(grain => grain.ActivationCount) == 0,
        "no grain of a run that waits to be in memory",
        Bound);
}
