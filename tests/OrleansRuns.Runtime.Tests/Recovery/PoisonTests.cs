using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A run that kills its silo, in real processes that really die.</summary>
public sealed class PoisonTests : IDisposable
{
    private const int Deaths = 3;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task NodeKillsItsSilo_EveryTime_IsGivenUpAndItsNeighboursSucceed()
    {
        foreach (var generation in Enumerable.Range(1, Deaths))
        {
            var death = await StartAsync(generation);
            Assert.True(death.ExitCode != 0, $"Start {generation} should have died: {death.Output} {death.Errors}");
        }

        var end = await StartAsync(Deaths + 1);

        Assert.True(end.ExitCode == 0, $"{end.Output} {end.Errors}");
        Assert.Equal(PoisonProgram.Innocents, end.Lines.Count(line => line.StartsWith("patient success ", StringComparison.Ordinal)));
        var poison = Assert.Single(end.Lines, line => line.StartsWith("poison ", StringComparison.Ordinal));
        Assert.StartsWith("poison error Orphaned 4 The run was given up: its silo died 3 time(s) ", poison, StringComparison.Ordinal);
        Assert.Equal(Deaths, poison.Split("poison/127.0.0.1:").Length - 1);
        Assert.Equal(Deaths, File.ReadLines(PoisonProgram.KillsIn(_folder.FullName)).Count());
        Assert.False(File.Exists(PoisonProgram.OverlapsIn(_folder.FullName)), "Suspects were not alone.");
    }

    private Task<ProgramEnd> StartAsync(int generation) =>
        ChildProgram.RunAsync(typeof(PoisonTests).Assembly, _folder.FullName, _folder.FullName, $"{generation}");
}
