using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Silos that the network cuts off from the others, with and without the database.</summary>
public sealed class PartitionTests(ITestOutputHelper output)
{
    private const int Callers = 24;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly int Cuts = LongTests.Loops(few: 1, many: 15);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cut_OneSiloFromTheOthersUnderLoad_OnlyTheOthersGoOn(bool alsoFromDatabase)
    {
        if (await NetworkAbility.IsMissingAsync(output))
        {
            return;
        }

        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}, {Cuts} cuts");
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var network = await SiloNetwork.CreateAsync(3, database.ConnectionString);
        await using var fleet = await SiloFleet.StartAsync(network.Places, database.ConnectionString);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        // Orders that take long, so that some outlive their silo's membership.
        await using var load = OrderLoad.Begin(fleet.Runs, Callers, flaky: 3);
        await load.EndedAsync(Callers);

        var hits = 0;
        for (var cut = 0; cut < Cuts; cut++)
        {
            await load.EndedAsync(random.Next(5, 40));
            var place = random.Next(3);
            hits += await CutAsync(network, fleet, checker, place, alsoFromDatabase);
            if (cut + 1 < Cuts)
            {
                await fleet.AddAsync(network.Places[place]);
            }
        }

        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var findings = await checker.FindAsync(load.Acknowledged);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"{load.Acknowledged.Count} orders, {hits} of them on a silo that was cut off");
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.True(hits > 0, $"Seed {seed}: no cut hit a run.");
    }

    private async Task<int> CutAsync(SiloNetwork network, SiloFleet fleet, RunsChecker checker, int place, bool alsoFromDatabase)
    {
        var victim = fleet.Silos.Single(silo => silo.Place == network.Places[place]);
        var runs = await BusySilo.PauseAsync(victim, checker, Bound);
        await network.CutAsync(place, alsoFromDatabase);
        victim.Resume();

        await checker.ReplacedAsync(victim.Address, Bound);
        await network.HealAsync(place, alsoFromDatabase);
        var healed = TimeProvider.System.GetTimestamp();
        var end = await fleet.EndedAsync(victim);

        var refused = RefusedAppends.Read(end.Errors);
        var lingered = TimeProvider.System.GetElapsedTime(healed).TotalSeconds;
        output.WriteLine(
            $"cut {victim.Address} off under {runs.Count} runs; it ended {lingered:F1} s after the network was whole again; "
            + $"{refused.Count} of its appends were refused");
        SiloEnd.AssertDeclaredDead(end);
        return runs.Count;
    }
}
