using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>What a digest is made of.</summary>
internal sealed record DigestInput
{
    /// <summary>Gets the folder whose text files are read, with all folders below it that are neither hidden nor build output.</summary>
    public required string Folder { get; init; }

    /// <summary>Gets which file names are taken, with '*' and '?'; the default is all.</summary>
    public string Pattern { get; init; } = "*";

    /// <summary>Gets whether somebody is asked before the report is written.</summary>
    public bool Approve { get; init; }

    /// <summary>Gets the file the report is written to; the default is ".orleansruns/digest.md" below the current folder.</summary>
    public string Report { get; init; } = Path.Combine(".orleansruns", "digest.md");

    /// <summary>Gets a file that gets a line for each time a file is read, so that repeated work can be counted.</summary>
    public string? ReadLog { get; init; }
}

/// <summary>The state of a digest.</summary>
internal sealed record DigestState : GraphState
{
    /// <summary>Gets the full path of the folder.</summary>
    public string Folder { get; init; } = ".";

    public string Pattern { get; init; } = "*";

    public bool Approve { get; init; }

    /// <summary>Gets the full path of the file the report goes to.</summary>
    public string ReportFile { get; init; } = "";

    public string? ReadLog { get; init; }

    /// <summary>Gets the files to count; only until they are.</summary>
    [Ephemeral]
    public ImmutableArray<string> Paths { get; init; } = [];

    /// <summary>Gets the text files that were read.</summary>
    public AppendList<FileDigest> Files { get; init; }

    /// <summary>Gets the files, and the folders, that were left out, and why.</summary>
    public AppendList<SkippedFile> Skipped { get; init; }

    public Total<long> Lines { get; init; }

    public Total<long> Words { get; init; }

    /// <summary>Gets how often the terms of all files occur; only until the most frequent ones are chosen.</summary>
    [Ephemeral]
    public TermCounts Terms { get; init; } = TermCounts.Empty;

    /// <summary>Gets the most frequent terms of all files, the most frequent one first.</summary>
    public ImmutableArray<TermCount> TopTerms { get; init; } = [];

    /// <summary>Gets the file the report was written to; null until then, and when it was not approved.</summary>
    public string? Report { get; init; }
}

/// <summary>What was counted in a file.</summary>
/// <param name="Path">Its path below the folder, with '/'.</param>
/// <param name="Lines">Its lines; the last one counts without a line feed, too.</param>
/// <param name="Words">Its words.</param>
/// <param name="Readability">Its reading ease; see <see cref="TextMeasures"/>. Zero when it has no words.</param>
internal sealed record FileDigest(string Path, long Lines, long Words, double Readability);

/// <summary>A file that was left out, or a folder with all that is in it.</summary>
/// <param name="Path">Its path below the folder, with '/'; that of a folder ends with one.</param>
/// <param name="Reason">Why, and what could be done.</param>
internal sealed record SkippedFile(string Path, string Reason);

/// <summary>A term and how often it occurs.</summary>
internal sealed record TermCount(string Term, long Count);
