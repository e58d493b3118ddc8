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
        Assert.Contains("was declared dead by the others of its cluster and ends now", end.Errors, StringComparison.Ordinal);
        Assert.Equal(DeclaredDead, end.ExitCode);
    }
}
