using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Silos that wake up with an effect done and its checkpoint still to be written, when the run is another's already.</summary>
public sealed class ZombieTests(ITestOutputHelper output)
{
    private const int Orders = 12;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly int Pauses = LongTests.Loops(few: 1, many: 10);

    [Fact]
    public async Task Pause_BetweenEffectAndCheckpoint_EveryAppendOfTheWokenSiloIsRefused()
    {
        for (var pause = 0; pause < Pauses; pause++)
        {
            await PauseAsync();
        }
    }

    private async Task PauseAsync()
    {
        var database = await PostgresTestDatabase.CreateAsync();
        await using var fleet = await SiloFleet.StartAsync(
            Enumerable.Repeat(SiloPlace.Holding(database.ConnectionString), 3), database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        var orders = await Task.WhenAll(Enumerable.Range(1, Orders).Select(number => HeldOrders.StartAsync(fleet.Runs, number)));
        await checker.DoneAsync("charge", Orders, Bound);
        var held = await Task.WhenAll(fleet.Silos.Select(
            async silo => (Silo: silo, Runs: await checker.FindUnfinishedAsync(silo.Address))));
        var (victim, runs) = held.MaxBy(one => one.Runs.Count);

        victim.Pause();
        foreach (var silo in fleet.Silos)
        {
            silo.WriteLine("go");
        }

        await checker.ReplacedAsync(victim.Address, Bound);
        await checker.EndedAsync(Bound);
        victim.Resume();
        await Eventually.TrueAsync(
            () => Task.FromResult(RefusedAppends.Read(victim.Log).SequenceEqual(runs)),
            $"an append of each of {runs.Count} runs of the woken silo to be refused",
            Bound);
        var findings = await checker.FindAsync(orders);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"{runs.Count} of {Orders} orders were held on the silo that was paused, and each of its appends was refused");
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
    }
}
