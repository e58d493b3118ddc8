using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace OrleansRuns.Architecture.Tests;

/// <summary>The checkout that the tests look at.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    /// <summary>The C# files below a folder of the root, generated ones left out.</summary>
    internal static IEnumerable<string> CSharpFiles(params string[] folders) =>
        from folder in folders
        from file in Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        where !Relative(file).Split('/').Any(part => part is "bin" or "obj")
        orderby file
        select file;

    internal static IEnumerable<string> Projects(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories).Order();

    internal static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    internal static SyntaxNode Parse(string file) =>
        CSharpSyntaxTree.ParseText(File.ReadAllText(file), CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest), file)
            .GetRoot();

    /// <summary>Where a node stands, in the form an editor opens.</summary>
    internal static string Place(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return $"{Relative(span.Path)}:{span.StartLinePosition.Line + 1}";
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OrleansRuns.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No OrleansRuns.sln above '{AppContext.BaseDirectory}'.");
    }
}
