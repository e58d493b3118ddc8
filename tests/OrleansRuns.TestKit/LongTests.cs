namespace OrleansRuns.TestKit;

/// <summary>Whether the long loops of the tests were asked for: ORLEANSRUNS_LONG is 1.</summary>
public static class LongTests
{
    /// <summary>Gets whether they were.</summary>
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("ORLEANSRUNS_LONG") == "1";

    /// <summary>Chooses how often something is done.</summary>
    /// <param name="few">How often in every run of the tests.</param>
    /// <param name="many">How often in the long one.</param>
    public static int Loops(int few, int many) => IsOn ? many : few;
}
