using System.Text.Json;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Silos that are stopped as a supervisor stops them while they execute orders.</summary>
public sealed class DrainTests(ITestOutputHelper output)
{
    private const int Callers = 24;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly int Stops = LongTests.Loops(few: 3, many: 200);

    [Fact]
    public async Task Sigterm_RollingUnderLoad_EveryOrderIsDoneOnceAndNoStartFails()
    {
        await using var fleet = await SiloFleet.StartAsync(3);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, Callers);
        await load.EndedAsync(Callers);

        for (var stop = 0; stop < Stops; stop++)
        {
            await load.EndedAsync(10);
            await fleet.AddAsync(1);
            var leaving = fleet.Silos[0];
            var end = await fleet.StopAsync(leaving);
            output.WriteLine($"stopped {leaving.Address} after {load.Acknowledged.Count} orders were begun");
            Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
            Assert.Equal(0, await checker.CountUnfinishedAsync(leaving.Address));
        }

        await load.StopAsync();
        await checker.EndedAsync(Bound);
        var findings = await checker.FindAsync(load.Acknowledged);
        var doctor = await fleet.RunAsync("doctor");
        var drains = await fleet.RunAsync("drains", "--json");

        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.Equal([], await checker.FindBrokenOffAsync());
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        var outcomes = drains.Lines.SelectMany(Outcomes).ToLookup(outcome => outcome);
        output.WriteLine(string.Join(", ", outcomes.Select(outcome => $"{outcome.Count()} {outcome.Key}")));
        Assert.Empty(outcomes["not_persisted"]);
        Assert.True(outcomes["interrupted"].Any(), "No stop met a run that had to go on elsewhere.");
    }

    private static IEnumerable<string> Outcomes(string line)
    {
        using var report = JsonDocument.Parse(line);
        Assert.True(report.RootElement.GetProperty("withinBudget").GetBoolean(), line);
        return [.. report.RootElement.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("outcome").GetString()!)];
    }
}
