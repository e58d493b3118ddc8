using System.Diagnostics;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Clusters of which every silo dies at once.</summary>
public sealed class BlackoutTests(ITestOutputHelper output)
{
    private const int Orders = 30;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    /// <summary>Far more than the promised 5 s, for a busy machine; far less than a day, after which silos search by their timer.</summary>
    private static readonly TimeSpan RecoveryBound = TimeSpan.FromSeconds(30);

    private static readonly int Blackouts = LongTests.Loops(few: 1, many: 10);

    [Fact]
    public async Task Kill9_EverySiloAtOnce_TheNextSiloGoesOnWithEveryRunUnasked()
    {
        for (var blackout = 0; blackout < Blackouts; blackout++)
        {
            await BlackOutAsync();
        }
    }

    private async Task BlackOutAsync()
    {
        var database = await PostgresTestDatabase.CreateAsync();
        var place = SiloPlace.Holding(database.ConnectionString).WithoutTimer;
        await using var fleet = await SiloFleet.StartAsync(Enumerable.Repeat(place, 3), database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        var orders = await Task.WhenAll(Enumerable.Range(1, Orders).Select(number => HeldOrders.StartAsync(fleet.Runs, number)));
        await checker.DoneAsync("charge", Orders, Bound);

        await Task.WhenAll(fleet.Silos.ToList().ConvertAll(fleet.KillAsync));
        var started = Stopwatch.GetTimestamp();
        await fleet.AddAsync(place);
        var joined = Stopwatch.GetElapsedTime(started);
        fleet.Silos[0].WriteLine("go");
        await checker.EndedAsync(RecoveryBound);
        var ended = Stopwatch.GetElapsedTime(started) - joined;
        var findings = await checker.FindAsync(orders);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine(
            $"{Orders} orders of 3 dead silos had ended {ended.TotalSeconds:f1} s after the next silo took part, "
            + $"which was {joined.TotalSeconds:f1} s after its process began");
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
    }
}
