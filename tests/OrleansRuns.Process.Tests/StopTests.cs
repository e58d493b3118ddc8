using Npgsql;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Stops with nothing to get to safety, and stops whose last writes the database does not take.</summary>
public sealed class StopTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Sigterm_NoRunIsActive_EndsWithoutADrain()
    {
        await using var fleet = await SiloFleet.StartAsync(1);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, callers: 2);
        await load.EndedAsync(2);
        await load.StopAsync();
        await checker.EndedAsync(Bound);

        var end = await fleet.StopAsync(fleet.Silos[0]);

        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        Assert.Contains("had no runs to drain", end.Errors, StringComparison.Ordinal);
        Assert.Equal([], await checker.CountDrainedAsync());
        Assert.Equal([], await checker.FindAsync(load.Acknowledged));
    }

    [Fact]
    public async Task Sigterm_SuperstepsOutlastTheirGrace_NodesAreCancelledAndEveryOrderIsDoneOnce()
    {
        const int Callers = 12;
        var database = await PostgresTestDatabase.CreateAsync();
        // Less than the nodes of an order wait for their next try, which listens to its token.
        var place = SiloPlace.Serving(database.ConnectionString) with
        {
            Prefix = ["env", "OrleansRuns__Drain__SuperstepGrace=00:00:00.05"],
        };
        await using var fleet = await SiloFleet.StartAsync([place, place], database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Callers, flaky: 3);
        await load.EndedAsync(Callers);

        var leaving = fleet.Silos[0];
        await checker.OwnsAsync(leaving.Address, Callers / 4, Bound);
        var end = await fleet.StopAsync(leaving);
        var running = await checker.FindRunningAsync(leaving.Address);
        await checker.GoneOnFromAsync(leaving.Address, Bound);
        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var outcomes = await checker.CountDrainedAsync();

        output.WriteLine(string.Join(", ", outcomes));
        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        Assert.Equal([], running);
        Assert.Contains(outcomes, outcome => outcome.EndsWith(" interrupted by cancellation", StringComparison.Ordinal));
        Assert.Equal([], await checker.FindAsync(load.Acknowledged));
        Assert.Equal([], await checker.FindBrokenOffAsync());
        Assert.Equal([], await checker.FindOfDrainsAsync());
    }

    [Fact]
    public async Task Sigterm_LogTakesNoWrites_IsBoundedNamesTheRunAndTheRunGoesOn()
    {
        var database = await PostgresTestDatabase.CreateAsync();
        // A drain that cannot write sits its budget out, whatever that is. The run leaves its node behind well before the last writes.
        var place = SiloPlace.Holding(database.ConnectionString) with
        {
            Prefix =
            [
                "env", "OrleansRuns__Drain__Timeout=00:00:06", "OrleansRuns__Drain__SuperstepGrace=00:00:01",
                "OrleansRuns__Runs__NodeCancellationGrace=00:00:01",
            ],
        };
        await using var fleet = await SiloFleet.StartAsync([place], database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        var order = await HeldOrders.StartAsync(fleet.Runs, number: 1);
        await checker.DoneAsync("charge", 1, Bound);
        ProgramEnd end;
        await using (await LockAsync(database.ConnectionString))
        {
            end = await fleet.StopAsync(fleet.Silos[0]);
        }

        var findings = await checker.FindOfDrainsAsync();
        output.WriteLine(string.Join(Environment.NewLine, findings));
        await fleet.AddAsync(place);
        fleet.Silos[0].WriteLine("go");
        await checker.EndedAsync(Bound);

        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        Assert.Contains(end.Errors.Split('\n'), line =>
            line.Contains(order.RunId, StringComparison.Ordinal) && line.Contains("could not be written", StringComparison.Ordinal));
        Assert.Contains(findings, one => one.StartsWith($"run {order.RunId} was not persisted", StringComparison.Ordinal));
        // What was sent may land when the lock is gone, and is then in the log although nobody could be told so. No drain took too long.
        Assert.DoesNotContain(findings, one => one.Contains(" drained for ", StringComparison.Ordinal));
        Assert.Equal([], await checker.FindAsync([order]));
    }

    /// <summary>Keeps everybody from the log until it is disposed.</summary>
    private static async Task<NpgsqlConnection> LockAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "begin; lock table orleansruns.orleansstorage in access exclusive mode";
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
