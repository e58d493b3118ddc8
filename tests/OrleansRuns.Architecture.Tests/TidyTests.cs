using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansRuns.Architecture.Tests;

public sealed class TidyTests
{
    private const int MaxFileLines = 400;
    private const int MaxMethodLines = 70;
    private const int MaxLineLength = 140;

    private static readonly string[] RootEntries =
    [
        ".ci", ".editorconfig", ".git", ".gitattributes", ".gitignore", ".dockerignore", ".github", ".config", ".orleansruns",
        "deploy", "docs", "src", "tests", "global.json", "LICENSE", "OrleansRuns.sln", "README.md",
        "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props",
        // Left by editors and by test runs; git ignores them.
        ".vs", ".vscode", ".idea", "artifacts", "TestResults",
    ];

    [Fact]
    public void Root_Entries_AreKnown() =>
        AssertNone(
            Directory.EnumerateFileSystemEntries(Repository.Root).Select(entry => Path.GetFileName(entry)).Except(RootEntries),
            "The root holds nothing else; put it below src, tests, deploy or docs");

    [Fact]
    public void Files_Length_IsBounded() =>
        AssertNone(
            from file in Repository.CSharpFiles("src", "tests")
            let lines = File.ReadLines(file).Count()
            where lines > MaxFileLines
            select $"{Repository.Relative(file)} ({lines} lines)",
            $"A file has at most {MaxFileLines} lines; split it by what changes together");

    [Fact]
    public void Lines_Length_IsBounded() =>
        AssertNone(
            from file in Repository.CSharpFiles("src", "tests")
            from line in File.ReadLines(file).Index()
            where line.Item.Length > MaxLineLength
            select $"{Repository.Relative(file)}:{line.Index + 1} ({line.Item.Length} characters)",
            $"A line has at most {MaxLineLength} characters");

    [Fact]
    public void Methods_Length_IsBounded() =>
        AssertNone(
            from file in Repository.CSharpFiles("src")
            from method in Repository.Parse(file).DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
            let span = method.SyntaxTree.GetLineSpan(method.Span)
            let lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1
            where lines > MaxMethodLines
            select $"{Repository.Place(method)} ({lines} lines)",
            $"A method has at most {MaxMethodLines} lines; let one method branch and make its helpers pure");

    [Fact]
    public void Catches_Bodies_AreNotEmpty() =>
        AssertNone(
            from file in Repository.CSharpFiles("src")
            from clause in Repository.Parse(file).DescendantNodes().OfType<CatchClauseSyntax>()
            where clause.Block.Statements.Count == 0
            select Repository.Place(clause),
            "Never catch to ignore");

    [Fact]
    public void Cancellations_Catches_NameTheToken() =>
        AssertNone(
            from file in Repository.CSharpFiles("src")
            from clause in Repository.Parse(file).DescendantNodes().OfType<CatchClauseSyntax>()
            where clause.Declaration?.Type.ToString() is "OperationCanceledException" or "TaskCanceledException"
            where clause.Filter is null
            select Repository.Place(clause),
            "A catch of OperationCanceledException has a 'when' that names whose token it was");

    [Fact]
    public void Comments_Text_LeavesNothingUndone() =>
        AssertNone(
            from file in Repository.CSharpFiles("src", "tests")
            from trivia in Repository.Parse(file).DescendantTrivia(descendIntoTrivia: false)
            let text = trivia.ToString()
            where text.StartsWith("//", StringComparison.Ordinal) || text.StartsWith("/*", StringComparison.Ordinal)
            where UndoneWords.Any(word => text.Contains(word, StringComparison.Ordinal))
            select $"{Repository.Relative(file)}: {text}",
            "Do it, or open an issue");

    [Fact]
    public void Tests_Facts_AreNotSkipped() =>
        AssertNone(
            from file in Repository.CSharpFiles("tests")
            from attribute in Repository.Parse(file).DescendantNodes().OfType<AttributeSyntax>()
            where attribute.Name.ToString() is "Fact" or "Theory"
            where attribute.ArgumentList?.Arguments.Any(argument => argument.NameEquals?.Name.ToString() == "Skip") == true
            select Repository.Place(attribute),
            "A test that does not run proves nothing");

    [Fact]
    public void Tests_FixedDelays_AreAbsent() =>
        AssertNone(
            from file in Repository.CSharpFiles("tests")
            // Eventually asks again and again, with a bound and a message, what announces itself to nobody;
            // Slowness is a fault that is put in, and nobody waits for it.
            where !file.EndsWith("OrleansRuns.TestKit/Eventually.cs", StringComparison.Ordinal)
            where !file.EndsWith("OrleansRuns.TestKit/Slowness.cs", StringComparison.Ordinal)
            from call in Repository.Parse(file).DescendantNodes().OfType<InvocationExpressionSyntax>()
            where call.Expression.ToString() is "Thread.Sleep" or "Task.Delay"
            where !call.ArgumentList.Arguments.Any(IsNoFixedTime)
            select Repository.Place(call),
            "A test waits for events, never for time");

    /// <summary>Whether a delay is endless until it is cancelled, or passes on the clock that has the call, which costs no time.</summary>
    private static bool IsNoFixedTime(ArgumentSyntax argument) =>
        argument.ToString() is "Timeout.Infinite" or "Timeout.InfiniteTimeSpan" or "this";

    private static string[] UndoneWords { get; } = ["TODO", "FIXME", "HACK", "XXX"];

    private static void AssertNone(IEnumerable<string> found, string rule)
    {
        var offenders = found.ToList();
        Assert.True(offenders.Count == 0, $"{rule}:{Environment.NewLine}{string.Join(Environment.NewLine, offenders)}");
    }
}
