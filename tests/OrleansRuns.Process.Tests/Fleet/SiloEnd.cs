using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>How a silo's process ended.</summary>
internal static class SiloEnd
{
    /// <summary>The exit code that a supervisor sees of a silo that the others declared dead.</summary>
    private const int DeclaredDead = 6;

    /// <summary>Holds a silo to have ended because it was declared dead, and to have said so.</summary>
    internal static void AssertDeclaredDead(ProgramEnd end)
    {
        var says = end.Errors.Contains("was declared dead by the others of its cluster and ends now", StringComparison.Ordinal);
        Assert.True(
            end.ExitCode == DeclaredDead && says,
            $"The silo ended with {end.ExitCode} and said: {string.Join('\n', end.Errors.Split('\n').TakeLast(20))}");
    }
}
