using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Silos that stand still for longer than the others wait for them, and then go on.</summary>
public sealed class PauseTests(ITestOutputHelper output)
{
    private const int Callers = 24;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly int Pauses = LongTests.Loops(few: 1, many: 20);

    [Fact]
    public async Task Pause_LongerThanFailureDetectionUnderLoad_WokenSiloEndsAndOverwritesNothing()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}, {Pauses} pauses");
        await using var fleet = await SiloFleet.StartAsync(3);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Callers);
        await load.EndedAsync(Callers);

        var hits = 0;
        for (var pause = 0; pause < Pauses; pause++)
        {
            await load.EndedAsync(random.Next(5, 40));
            hits += await PauseAsync(fleet, checker, fleet.Silos[random.Next(fleet.Silos.Count)]);
            if (pause + 1 < Pauses)
            {
                await fleet.AddAsync(1);
            }
        }

        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var findings = await checker.FindAsync(load.Acknowledged);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"{load.Acknowledged.Count} orders, {hits} of them on a silo that was paused");
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.True(hits > 0, $"Seed {seed}: no pause hit a run.");
    }

    private async Task<int> PauseAsync(SiloFleet fleet, RunsChecker checker, SiloProcess victim)
    {
        var runs = await BusySilo.PauseAsync(victim, checker, Bound);

        await checker.ReplacedAsync(victim.Address, Bound);
        victim.Resume();
        var end = await fleet.EndedAsync(victim);

        output.WriteLine(
            $"paused {victim.Address} under {runs.Count} runs; {RefusedAppends.Read(end.Errors).Count} of its appends were refused");
        SiloEnd.AssertDeclaredDead(end);
        return runs.Count;
    }
}
