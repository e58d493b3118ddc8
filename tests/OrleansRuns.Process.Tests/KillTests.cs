using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Silos that die while they execute orders.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Callers = 24;

    // A caller that waits asks for its run, and that alone would make a live silo go on with it.
    private const int LeftAlone = 2;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    /// <summary>How soon a run is to go on elsewhere.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    private static readonly int Kills = LongTests.Loops(few: 3, many: 60);

    [Fact]
    public async Task Kill9_RandomSilosUnderLoad_EveryOrderIsDoneOnce()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}, {Kills} kills");
        var database = await PostgresTestDatabase.CreateAsync();
        var place = SiloPlace.Serving(database.ConnectionString).WithoutTimer;
        await using var fleet = await SiloFleet.StartAsync(Enumerable.Repeat(place, 3), database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Callers, leftAlone: LeftAlone);
        await load.EndedAsync(Callers);

        var kills = new List<SiloKill>();
        for (var kill = 0; kill < Kills; kill++)
        {
            await load.EndedAsync(random.Next(5, 40));
            var victim = fleet.Silos[random.Next(fleet.Silos.Count)];
            var runs = await BusySilo.PauseAsync(victim, checker, Bound, load.IsLeftAlone);
            await fleet.KillAsync(victim);
            kills.Add(new SiloKill(DateTimeOffset.UtcNow, runs));
            output.WriteLine($"killed {victim.Address} under {kills[^1].Runs.Count} runs, after {load.Acknowledged.Count} were begun");
            if (kill + 1 < Kills)
            {
                await fleet.AddAsync(place);
            }

            // A run that loses one silo after the other without getting anywhere is given up, whatever they die of.
            await checker.WentOnAsync(kills[^1].Runs, Bound);
        }

        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var findings = await checker.FindAsync(load.Acknowledged);
        var doctor = await fleet.RunAsync("doctor");

        var hits = kills.SelectMany(kill => kill.Runs).ToHashSet();
        var leftAlone = hits.Count(load.IsLeftAlone);
        output.WriteLine(
            $"{load.Acknowledged.Count} orders, {hits.Count} of them under a silo that was killed; {leftAlone} of these nobody asked for");
        var times = new RecoveryTimes(kills, await checker.ReadLogsAsync());
        output.WriteLine(times.ToString());
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.True(leftAlone > 0, $"Seed {seed}: no kill hit a run that nobody asked for.");
        // A few kills on a busy machine prove nothing about time.
        Assert.True(!LongTests.IsOn || times.Median <= Promised, $"Seed {seed}: half of the runs stood still for longer: {times}");
    }
}
