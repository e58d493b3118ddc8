using System.Globalization;
using System.Text;

namespace OrleansRuns.Host;

/// <summary>Renders a digest as Markdown. Pure: equal states give equal bytes.</summary>
internal static class DigestReport
{
    private const int MaxFiles = 20;

    internal static string Render(DigestState state)
    {
        var text = new StringBuilder();
        Line(text, $"# Digest of {state.Folder}");
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
            Line(text, $"| {Cell(file.Path)} | {file.Lines:N0} | {file.Words:N0} | {file.Readability:F1} |");
        }

        if (state.Skipped.Count > 0)
        {
            Line(text, $"");
            Line(text, $"## Left out");
            Line(text, $"");
            foreach (var file in state.Skipped)
            {
                Line(text, $"- {file.Path}: {file.Reason}");
            }
        }

        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    // The line end of this system would make the bytes differ between silos.
    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
