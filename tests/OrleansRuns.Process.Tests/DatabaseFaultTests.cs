using Npgsql;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>A database that restarts, stands still and cuts connections while silos execute orders.</summary>
public sealed class DatabaseFaultTests(ITestOutputHelper output)
{
    private const int Callers = 24;
    private const int Clients = 8;
    private const int AfterFault = 30;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RestartEvery = TimeSpan.FromSeconds(5);
    private static readonly int Rounds = LongTests.Loops(few: 1, many: 12);
    private static readonly int Restarts = LongTests.Loops(few: 2, many: 24);

    [Fact]
    public async Task Database_RestartsStallsAndCutsConnectionsUnderLoad_EveryOrderIsDoneOnce()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}, {Rounds} rounds");
        await using var server = await PostgresServer.StartAsync();
        await using var database = await PostgresTestDatabase.CreateAsync(server.ConnectionString);
        await using var fleet = await SiloFleet.StartAsync(3, database.ConnectionString);
        await using var checker = new RunsChecker(database.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Callers);
        await using var clients = ClientLoad.Begin(fleet.Runs, Clients);
        await load.EndedAsync(Callers);
        await clients.EndedAsync(Clients);
        var members = await checker.ReadActiveSilosAsync();

        (string Name, Func<Task> Have)[] faults =
        [
            ("a fast restart", () => server.RestartAsync(isImmediate: false)),
            ("an immediate restart", () => server.RestartAsync(isImmediate: true)),
            ("a stall of 3 s", () => server.StallAsync(3)),
            // Longer than silos may owe the membership table a sign of life.
            ("a stall of 10 s", () => server.StallAsync(10)),
            ("cut connections", () => CutAsync(server, database.Name)),
        ];
        for (var round = 0; round < Rounds; round++)
        {
            random.Shuffle(faults);
            foreach (var (name, have) in faults)
            {
                await load.EndedAsync(random.Next(1, AfterFault));
                await have();
                output.WriteLine($"{name} after {load.Acknowledged.Count} orders were begun");
                await load.EndedAsync(AfterFault);
                await clients.EndedAsync(Clients);
            }
        }

        for (var restart = 1; restart <= Restarts; restart++)
        {
            await Slowness.OfAsync(RestartEvery);
            await server.RestartAsync(isImmediate: restart % 2 == 0);
            output.WriteLine($"restart {restart}, {RestartEvery} after the one before, after {load.Acknowledged.Count} orders were begun");
        }

        await load.EndedAsync(AfterFault);
        await clients.StopAsync();
        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"{load.Acknowledged.Count} orders; calls of clients: {clients}");
        Assert.Equal([], await checker.FindAsync(load.Acknowledged));
        Assert.Equal([], clients.Failures);
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.Equal(members, await checker.ReadActiveSilosAsync());
    }

    /// <summary>Ends all connections to a database at once, in the middle of what they do.</summary>
    private static async Task CutAsync(PostgresServer server, string database)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = source.CreateCommand("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = database });
        await command.ExecuteNonQueryAsync();
    }
}
