using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>How long a silo takes that stops under more and more runs.</summary>
/// <remarks>As many as it executes at once are in a node, which listens when it is cancelled. The others wait for their turn.</remarks>
[Collection(nameof(Measured))]
public sealed class DrainSizeTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);
    private static readonly int[] Always = [1, 100];
    private static readonly int[] Long = [1_000, 10_000];

    public static TheoryData<int> Sizes => [.. LongTests.IsOn ? Always.Concat(Long) : Always];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task StopAsync_RunsAreActive_EachIsHandedOverAndTheTimeIsTold(int size)
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var cluster = new PostgresCluster(database.ConnectionString, silo =>
        {
            silo.Configure<RunsOptions>(options => options.MaxActiveRuns = size);
            // What it takes, and not what it waits: no grace, and more time than the most runs need.
            silo.Configure<DrainOptions>(options => (options.Timeout, options.SuperstepGrace) = (Bound, TimeSpan.Zero));
        });
        await cluster.StartSilosAsync(1);
        await cluster.ConnectAsync();
        var threads = Enumerable.Range(0, size).Select(_ => cluster.Runs.Thread()).ToList();
        await Task.WhenAll(threads.Select(thread => thread.StartAsync(SampleGraphs.Gated, new { })))
            .WithinAsync($"{size} runs to be admitted", Bound);
        var standing = Math.Min(size, new RunNodesOptions().MaxConcurrency);
        await Eventually.TrueAsync(
            () => Task.FromResult(cluster.Gates.Arrivals(threads.Select(thread => thread.Id)) == standing),
            $"{standing} of {size} runs to stand in a node",
            Bound);
        await Eventually.TrueAsync(
            async () => await CountAsync(source, "running") == size,
            $"{size} runs to be active",
            Bound,
            () => DescribeAsync(source));

        var stopped = TimeProvider.System.GetTimestamp();
        await cluster.StopAsync(cluster.Silos[0], Bound);
        var stop = TimeProvider.System.GetElapsedTime(stopped);

        var report = await ReportAsync(database.ConnectionString);
        output.WriteLine(
            $"{size} runs: drained in {report.Elapsed.TotalSeconds:f2} s ({size / report.Elapsed.TotalSeconds:f0}/s), "
            + $"the silo was gone after {stop.TotalSeconds:f2} s");
        Assert.Equal(size, report.Count(DrainOutcome.Interrupted));
        Assert.Equal(size, await CountAsync(source, "interrupted"));
    }

    private static async Task<DrainReport> ReportAsync(string connectionString)
    {
        using var store = RunStore.OnPostgres(connectionString);
        await using var reader = await store.OpenReaderAsync();
        return Assert.Single(await reader.GetRequiredService<IDrainReports>().ListAsync(10, CancellationToken.None));
    }

    private static async Task<string> DescribeAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand(
            "select coalesce(string_agg(line, '; '), 'no run') from (select count(*) || ' ' || status || ' in attempt ' || attempt "
            + "|| coalesce(': ' || error, '') as line from orleansruns.runs group by status, attempt, error limit 20) lines");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Counts the runs that are active, or go on at the next start.</summary>
    private static async Task<long> CountAsync(NpgsqlDataSource source, string status)
    {
        await using var command = source.CreateCommand(
            $"select count(*) from orleansruns.runs where status = '{status}' and resumable = (status = 'interrupted')");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
