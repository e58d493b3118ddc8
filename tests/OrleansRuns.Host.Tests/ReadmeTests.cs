using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host.Tests;

/// <summary>What the README shows compiles, and the graph it shows runs.</summary>
public sealed partial class ReadmeTests
{
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.Linq; global using System.Threading.Tasks;";

    private static readonly string[] Blocks =
        [.. CodeBlock().Matches(File.ReadAllText(Checkout.PathOf("README.md"))).Select(match => match.Groups[1].Value)];

    private static readonly string Graph = Blocks.Single(block => block.Contains("IGraph<", StringComparison.Ordinal));

    public static TheoryData<string> Programs => new(Blocks.Where(block => block != Graph));

    [Theory]
    [MemberData(nameof(Programs))]
    public void Program_OfTheReadme_Compiles(string program) => Compile(OutputKind.ConsoleApplication, program, Graph);

    [Fact]
    public void Graph_OfTheReadme_IsBuiltInTwentyLines()
    {
        var assembly = AssemblyLoadContext.Default.LoadFromStream(Compile(OutputKind.DynamicallyLinkedLibrary, Graph));

        var compiled = (CompiledGraph)typeof(GraphCompiler).GetMethod(nameof(GraphCompiler.Compile))!
            .MakeGenericMethod(assembly.GetType("GreetState")!)
            .Invoke(null, ["greet", Activator.CreateInstance(assembly.GetType("GreetGraph")!)])!;

        Assert.Equal(["greet", "part"], compiled.Nodes.Keys);
        Assert.InRange(Graph.Split('\n').Count(line => !string.IsNullOrWhiteSpace(line)), 10, 20);
    }

    private static MemoryStream Compile(OutputKind kind, params string[] sources)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            $"Readme{Guid.NewGuid():N}",
            sources.Append(ImplicitUsings).Select(source => CSharpSyntaxTree.ParseText(source)),
            references,
            new CSharpCompilationOptions(kind, nullableContextOptions: NullableContextOptions.Enable));
        var image = new MemoryStream();

        var result = compilation.Emit(image);

        Assert.Empty(result.Diagnostics.Where(found => found.Severity >= DiagnosticSeverity.Warning));
        image.Position = 0;
        return image;
    }

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();
}
