namespace OrleansRuns.Host.Tests;

/// <summary>Command lines that the program is to refuse.</summary>
internal static class BadUsage
{
    /// <summary>Tries each, and finds what is wrong with the answers: another exit code, or a part that the message lacks.</summary>
    internal static async Task<IReadOnlyList<string>> FindProblemsAsync(
        HostProgram program, IEnumerable<(string Name, string[] Arguments, string[] Parts)> rows)
    {
        var problems = new List<string>();
        foreach (var (name, arguments, parts) in rows)
        {
            var end = await program.RunAsync(arguments);
            problems.AddRange(parts.Where(part => !end.Errors.Contains(part, StringComparison.Ordinal))
                .Select(part => $"{name}: '{part}' is missing in: {end.Errors}"));
            if (end.ExitCode != ExitCode.BadUsage)
            {
                problems.Add($"{name}: exit code {end.ExitCode}");
            }
        }

        return problems;
    }
}
