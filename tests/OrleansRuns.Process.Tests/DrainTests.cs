using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Silos that a supervisor restarts, one after the other, while they execute orders and clients watch them.</summary>
public sealed class DrainTests(ITestOutputHelper output)
{
    private const int Callers = 12;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    /// <summary>For a busy machine; far less than a day, after which silos search by their timer.</summary>
    private static readonly TimeSpan HandOffBound = TimeSpan.FromSeconds(30);

    private static readonly int Stops = LongTests.Loops(few: 3, many: 200);
    private static readonly int MostStops = 5 * Stops;

    [Fact]
    public async Task Sigterm_RollingUnderLoad_EveryOrderIsDoneOnceAndNoCallFails()
    {
        var database = await PostgresTestDatabase.CreateAsync();
        var place = SiloPlace.Serving(database.ConnectionString).WithoutTimer;
        await using var fleet = await SiloFleet.StartAsync(Enumerable.Repeat(place, 3), database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Callers);
        await using var clients = ClientLoad.Begin(fleet.Runs, Callers);
        await load.EndedAsync(Callers);
        await clients.EndedAsync(Callers);

        // Few stops may find only runs that end by themselves, or none that does.
        IReadOnlyList<string> outcomes = [];
        for (var stop = 0; IsGoingOn(stop); stop++)
        {
            await load.EndedAsync(10);
            await clients.EndedAsync(10);
            var leaving = fleet.Silos[0];
            var end = await fleet.StopAsync(leaving);
            output.WriteLine($"stopped {leaving.Address} after {load.Acknowledged.Count} orders were begun");
            Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
            // Nothing was wanted of the database when it had been closed.
            Assert.DoesNotContain(nameof(ObjectDisposedException), end.Errors, StringComparison.Ordinal);
            Assert.Equal([], await checker.FindRunningAsync(leaving.Address));
            await checker.GoneOnFromAsync(leaving.Address, HandOffBound);
            outcomes = await checker.CountDrainedAsync();
            if (IsGoingOn(stop + 1))
            {
                await fleet.AddAsync(place);
            }
        }

        await clients.StopAsync();
        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var findings = await checker.FindAsync(load.Acknowledged);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"{load.Acknowledged.Count} orders; calls of clients: {clients}");
        output.WriteLine(HandOffTimes.Describe(await checker.ReadLogsAsync()));
        output.WriteLine(string.Join(", ", outcomes));
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.Equal([], await checker.FindBrokenOffAsync());
        Assert.Equal([], clients.Failures);
        Assert.NotEmpty(clients.ToldCheckpoints);
        Assert.Equal([], await checker.FindLostAsync(clients.ToldCheckpoints));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.Equal([], await checker.FindOfDrainsAsync());
        Assert.True(Has("interrupted") && Has("completed"), string.Join(", ", outcomes));

        bool IsGoingOn(int stops) => stops < Stops || (stops < MostStops && !(Has("interrupted") && Has("completed")));

        bool Has(string outcome) => outcomes.Any(one => one.Contains($" {outcome} ", StringComparison.Ordinal));
    }
}
