using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>A cluster that grows and shrinks under load.</summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    private static readonly int Active = LongTests.Loops(few: 200, many: 1000);
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Scale_OneToThreeToOneUnderActiveRuns_EveryOrderIsDoneOnce()
    {
        await using var fleet = await SiloFleet.StartAsync(1);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Active);
        await load.EndedAsync(Active);

        await fleet.AddAsync(2);
        foreach (var silo in fleet.Silos)
        {
            await checker.OwnsAsync(silo.Address, Active / 10, Bound);
        }

        var ends = new List<ProgramEnd>();
        var drains = new List<IReadOnlyList<DrainSummary>>();
        foreach (var silo in fleet.Silos.Take(2).ToList())
        {
            // Enough that not all of them end by themselves within the superstep under way.
            await checker.OwnsAsync(silo.Address, Active / 10, Bound);
            var runs = (await checker.FindUnfinishedAsync(silo.Address)).Count;
            output.WriteLine($"stops {silo.Address} under {runs} runs, after {load.Acknowledged.Count} were begun");
            ends.Add(await fleet.StopAsync(silo));
            drains.Add(await checker.ReadDrainsAsync(silo.Address));
        }

        await load.EndedAsync(Active);
        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"{load.Acknowledged.Count} orders under {Active} callers");
        output.WriteLine(string.Join(Environment.NewLine, drains.SelectMany(drain => drain)));
        Assert.Equal([], await checker.FindAsync(load.Acknowledged));
        Assert.Equal([], await checker.FindBrokenOffAsync());
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.All(ends, end => Assert.True(end.ExitCode == 0, end.Errors));
        // A run that lost its activation goes on elsewhere, too. Here the drain has to have handed it on, and to say so.
        Assert.Equal([], await checker.FindOfDrainsAsync());
        Assert.All(drains, drain => Assert.True(Assert.Single(drain).Interrupted > 0, $"{drain[0]}"));
    }
}
