using System.Text.RegularExpressions;

namespace OrleansRuns.Process.Tests;

/// <summary>What a silo logged of appends that the database refused because the run is another's.</summary>
internal static partial class RefusedAppends
{
    /// <summary>Reads of which runs, in their order.</summary>
    /// <param name="log">The silo's log.</param>
    internal static IReadOnlyList<string> Read(string log) =>
        [.. Line().Matches(log).Select(line => line.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"Run (\S+) was fenced in attempt")]
    private static partial Regex Line();
}
