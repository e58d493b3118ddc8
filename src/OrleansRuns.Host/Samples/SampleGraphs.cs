using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>The graphs of the program.</summary>
internal static class SampleGraphs
{
    internal const string Digest = "digest";

    internal static void Add(IOrleansRunsBuilder runs) => runs.AddGraph<DigestGraph>(Digest);

    /// <summary>Says in a sentence what a graph does.</summary>
    internal static string Describe(string graph) => graph switch
    {
        Digest => DigestGraph.Description,
        _ => "",
    };
}
