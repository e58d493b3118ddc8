using System.Text.RegularExpressions;

namespace OrleansRuns.Abstractions;

/// <summary>The ids of threads: 1 to 200 letters, digits, '-', '_', '.' or ':', all of ASCII.</summary>
public static partial class ThreadId
{
    /// <summary>Tells what is wrong with an id, and what one looks like.</summary>
    /// <param name="threadId">What is to be a thread's id.</param>
    /// <returns>A sentence; <see langword="null"/> when nothing is wrong.</returns>
    public static string? ProblemOf(string threadId) =>
        Ids().IsMatch(threadId) ? null : $"'{threadId}' is no id of a thread. Use 1 to 200 letters, digits, '-', '_', '.' or ':'.";

    [GeneratedRegex(@"^[A-Za-z0-9_.:-]{1,200}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Ids();
}
