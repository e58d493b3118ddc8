using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>Counts the lines, words and frequent terms of a folder's text files and writes a report about them.</summary>
internal sealed class DigestGraph : IGraph<DigestState>
{
    internal const string Description = "Counts lines, words and frequent terms of a folder's text files and writes a Markdown report.";

    private const int TopTerms = 20;

    /// <summary>How long a file may take: one on a network that is gone, or on a disk that hangs, must not hold the run for ever.</summary>
    private static readonly TimeSpan FileTimeout = TimeSpan.FromMinutes(2);

    public void Build(GraphBuilder<DigestState> graph)
    {
        graph.Input<DigestInput>(Take);
        var list = graph.AddNode("list", (state, _) => List(state));
        var count = graph.AddNode<string>("count", CountAsync, new() { Retry = RetryPolicy.Default, Timeout = FileTimeout });
        var merge = graph.AddNode("merge", (state, _) => state with { TopTerms = [.. TermCounts.Top(state.Terms.Counts, TopTerms)] });
        var write = graph.AddNode("write", WriteAsync);
        var approve = graph.AddCommandNode("approve", [write], (state, node) => Ask(state, node) ? state.GoTo(write) : state);

        graph.AddEdge(Node.Start, list);
        graph.AddFanOut(list, state => state.Paths, each: count, whenEmpty: merge);
        graph.AddEdge(count, merge);
        graph.AddBranch(merge, state => state.Approve ? approve : write, approve, write);
        graph.AddEdge(write, Node.End);
    }

    // Also asked before a run is admitted: a folder that is not there, or closed, changes nothing.
    private static DigestState Take(DigestState state, DigestInput input)
    {
        var folder = FullPath(input.Folder, "$.folder");
        if (!Directory.Exists(folder))
        {
            throw new GraphInputException($"The folder '{folder}' does not exist. Name a folder with text files.", "$.folder");
        }

        if (DigestFiles.WhyClosed(folder) is { } reason)
        {
            throw new GraphInputException(
                $"The folder '{folder}' cannot be listed: {reason} Let this program read it, or name another one.", "$.folder");
        }

        // A thread that is used again starts with a clean sheet.
        return state with
        {
            Folder = folder,
            Pattern = input.Pattern.Length > 0
                ? input.Pattern
                : throw new GraphInputException("An empty pattern takes no file. Leave it out to take all.", "$.pattern"),
            Approve = input.Approve,
            ReportFile = FilePath(input.Report, "$.report"),
            ReadLog = input.ReadLog is null ? null : FilePath(input.ReadLog, "$.readLog"),
            Files = state.Files.Overwrite([]),
            Skipped = state.Skipped.Overwrite([]),
            Lines = state.Lines.Overwrite(0),
            Words = state.Words.Overwrite(0),
            TopTerms = [],
            Report = null,
        };
    }

    private static string FullPath(string path, string member) =>
        path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal)
            ? Path.GetFullPath(path)
            : throw new GraphInputException($"'{path}' is no path of a file or a folder.", member);

    private static string FilePath(string path, string member)
    {
        var file = FullPath(path, member);
        return !Path.EndsInDirectorySeparator(file) && !Directory.Exists(file)
            ? file
            : throw new GraphInputException($"'{file}' is a folder. Name a file for {member}, which is written.", member);
    }

    private static DigestState List(DigestState state)
    {
        var (paths, leftOut) = DigestFiles.List(state.Folder, state.Pattern);
        return state with { Paths = paths, Skipped = state.Skipped.AppendRange(leftOut) };
    }

    private static async Task<DigestState> CountAsync(DigestState state, string path, NodeContext node)
    {
        if (state.ReadLog is { } readLog)
        {
            DigestFiles.Note(readLog, path, node.IdempotencyKey);
        }

        var (text, problem) = await DigestFiles.ReadAsync(Path.Combine(state.Folder, path), node.CancellationToken);
        if (text is null)
        {
            return state with { Skipped = state.Skipped.Append(new SkippedFile(path, problem!)) };
        }

        var measured = TextMeasures.Of(text);
        return state with
        {
            Files = state.Files.Append(new FileDigest(path, measured.Lines, measured.Words, measured.ReadingEase)),
            Lines = state.Lines + measured.Lines,
            Words = state.Words + measured.Words,
            Terms = new TermCounts(measured.Terms.ToImmutableSortedDictionary(StringComparer.Ordinal)),
        };
    }

    private static bool Ask(DigestState state, NodeContext node) => node.Interrupt<bool>(new
    {
        question = $"Write the report to '{state.ReportFile}'?",
        files = state.Files.Count,
        lines = state.Lines.Value,
        words = state.Words.Value,
    });

    private static async Task<DigestState> WriteAsync(DigestState state, NodeContext node)
    {
        await DigestFiles.WriteAsync(state.ReportFile, DigestReport.Render(state), node.IdempotencyKey, node.CancellationToken);
        return state with { Report = state.ReportFile };
    }
}
