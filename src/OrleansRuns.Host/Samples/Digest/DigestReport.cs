using System.Globalization;
using System.Text;

namespace OrleansRuns.Host;

/// <summary>Renders a digest as Markdown. Pure: equal states give equal bytes.</summary>
internal static class DigestReport
{
    private const int MaxFiles = 20;
    private const string Marks = @"\`*_[]<>|~&";

    internal static string Render(DigestState state)
    {
        var text = new StringBuilder();
        Line(text, $"# Digest of {Plain(state.Folder)}");
        Line(text, $"");
        Line(text, $"{state.Files.Count:N0} text files, {state.Lines.Value:N0} lines, {state.Words.Value:N0} words.");
        Line(text, $"");
        Line(text, $"## Most frequent terms");
        Line(text, $"");
        Line(text, $"| term | count |");
        Line(text, $"| --- | ---: |");
        foreach (var term in state.TopTerms)
        {
            Line(text, $"| {term.Term} | {term.Count:N0} |");
        }

        Line(text, $"");
        Line(text, $"## Largest files");
        Line(text, $"");
        Line(text, $"| file | lines | words | reading ease |");
        Line(text, $"| --- | ---: | ---: | ---: |");
        var largest = state.Files.OrderByDescending(file => file.Words).ThenBy(file => file.Path, StringComparer.Ordinal);
        foreach (var file in largest.Take(MaxFiles))
        {
            Line(text, $"| {Plain(file.Path)} | {file.Lines:N0} | {file.Words:N0} | {file.Readability:F1} |");
        }

        if (state.Skipped.Count > 0)
        {
            Line(text, $"");
            Line(text, $"## Left out");
            Line(text, $"");
            foreach (var file in state.Skipped)
            {
                Line(text, $"- {Plain(file.Path)}: {Plain(file.Reason)}");
            }
        }

        return text.ToString();
    }

    /// <summary>Writes a text so that Markdown shows it as it is: a file may be called __init__.py, or "a|b".</summary>
    private static string Plain(string text) => string.Concat(text.Select(letter =>
        char.IsControl(letter) ? " " : Marks.Contains(letter, StringComparison.Ordinal) ? $"\\{letter}" : $"{letter}"));

    // The line end of this system would make the bytes differ between silos.
    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
