using System.Globalization;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Drains of real runs that meet everything, in virtual time: what the contract says holds for each of them.</summary>
[Collection(nameof(Simulated))]
public sealed class DrainSimulationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task DrainAsync_RunsThatMeetEverything_KeepsTheContract()
    {
        var first = Environment.GetEnvironmentVariable("ORLEANSRUNS_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(int.MaxValue - DrainSimulation.Seeds);
        output.WriteLine($"Seeds {first} to {first + DrainSimulation.Seeds - 1}; ORLEANSRUNS_SEED sets the first.");

        var end = await ChildProgram.RunAsync(
            typeof(DrainSimulationTests).Assembly, AppContext.BaseDirectory, DrainSimulation.Command, $"{first}");

        Assert.True(end.ExitCode == 0, end.Errors);
        var met = end.Lines.Where(line => line.StartsWith(DrainSimulation.Met, StringComparison.Ordinal)).ToList();
        output.WriteLine(string.Join(Environment.NewLine, met));
        Assert.NotEmpty(met);
        Assert.All(met, line => Assert.False(
            line.StartsWith($"{DrainSimulation.Met}0 ", StringComparison.Ordinal), $"Seeds from {first} never {line}."));
    }
}
