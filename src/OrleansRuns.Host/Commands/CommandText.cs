namespace OrleansRuns.Host;

/// <summary>Lines that a user can type.</summary>
internal static class CommandText
{
    internal const string Program = "dotnet run --project src/OrleansRuns.Host --";

    /// <summary>The line that goes on with a thread.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="threadId">The thread.</param>
    /// <param name="database">The option that names the database, when it is not the usual one.</param>
    /// <param name="answer">What to answer, when something was asked.</param>
    internal static string Resume(string graph, string threadId, string? database, string? answer) =>
        $"{Program} run {graph} --thread {threadId}"
        + (database is null ? "" : $" {database}")
        + " --resume"
        + (answer is null ? "" : $" {Quote(answer)}");

    /// <summary>Quotes a word for a shell.</summary>
    internal static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
