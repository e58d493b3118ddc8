using System.Diagnostics.Contracts;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What would lose a write, or run a node with the wrong value, is caught by the compiler.</summary>
public sealed class ForbiddenFormsTests
{
    private const string Frame = """
        using System; using System.Collections.Generic; using System.Collections.Immutable; using System.Linq;
        using System.Threading.Tasks; using OrleansRuns.Graphs;

        public sealed record OtherState : GraphState { public string? Title { get; init; } }

        public sealed record MyState : GraphState
        {
            public string? Title { get; init; }
            public AppendList<string> Words { get; init; }
            public Total<long> Sum { get; init; }
            public UnionSet<string> Tags { get; init; }
            public MergeMap<int> Ages { get; init; }
            public Messages Talk { get; init; }
        }

        public sealed class MyGraph : IGraph<MyState>
        {
            public void Build(GraphBuilder<MyState> graph)
            {
                var first = graph.AddNode("first", (state, node) => state);
                var count = graph.AddNode<string>("count", async (state, word, node) => { await Task.Yield(); return state; });
                $line$
            }
        }
        """;

    /// <summary>Gets forms that must not compile, each with the form to write instead, which must.</summary>
    public static TheoryData<string, string> Forms => new()
    {
        { Node("state with { Words = [\"a\"] }"), Node("state with { Words = state.Words.Append(\"a\") }") },
        { Node("state with { Words = [.. state.Words, \"a\"] }"), Node("state with { Words = state.Words.Append(\"a\") }") },
        { Node("state with { Words = new() { \"a\" } }"), Node("state with { Words = state.Words.Overwrite([\"a\"]) }") },
        {
            Node("state with { Words = state.Words.Where(word => word.Length > 1) }"),
            Node("state with { Words = state.Words.Overwrite(state.Words.Where(word => word.Length > 1)) }")
        },
        {
            Node("state with { Words = state.Words.Where(word => word.Length > 1).ToList() }"),
            Node("state with { Words = state.Words.Overwrite(state.Words.Where(word => word.Length > 1).ToList()) }")
        },
        { Node("state with { Sum = 5 }"), Node("state with { Sum = state.Sum + 5 }") },
        { Node("state with { Sum = 5L }"), Node("state with { Sum = state.Sum.Overwrite(5L) }") },
        { Node("state with { Sum = state.Sum + 0.5 }"), Node("state with { Sum = state.Sum + 1 }") },
        { Node("state with { Tags = [\"a\"] }"), Node("state with { Tags = state.Tags.With(\"a\") }") },
        { Node("state with { Ages = new() { [\"a\"] = 1 } }"), Node("state with { Ages = state.Ages.With(\"a\", 1) }") },
        { Node("state with { Talk = [.. state.Talk] }"), Node("state with { Talk = state.Talk.RemoveAll() }") },
        { Node("{ state.Title = \"x\"; return state; }"), Node("{ return state with { Title = \"x\" }; }") },
        { Node("new OtherState()"), Node("state") },
        { Node("{ }"), Node("{ return state; }") },
        { Node("Task.CompletedTask"), Node("Task.FromResult(state)") },
        { Send("count.With(5)"), Send("count.With(\"word\")") },
        { Send("first.With(\"word\")"), Send("count.With(\"word\")") },
        {
            "graph.AddFanOut(first, state => new[] { 1, 2 }, each: count, whenEmpty: Node.End);",
            "graph.AddFanOut(first, state => state.Words, each: count, whenEmpty: Node.End);"
        },
        {
            "graph.AddFanOut(first, state => state.Words, each: count);",
            "graph.AddFanOut(first, state => state.Words, each: count, whenEmpty: Node.End);"
        },
        { "graph.AddBranch(first, state => \"count\", Node.End);", "graph.AddBranch(first, state => Node.End, Node.End);" },
        { "graph.AddEdge(\"first\", Node.End);", "graph.AddEdge(first, Node.End);" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Compile_FormThatWouldLoseSomething_IsRefusedWhereItStands(string forbidden, string instead)
    {
        Assert.Empty(ErrorsOf(instead));
        var errors = ErrorsOf(forbidden);

        Assert.True(errors.Length > 0, $"'{forbidden}' compiles.");
        // Not for a name that does not exist: the form itself is what is refused.
        Assert.All(errors, error => Assert.DoesNotContain(error.Id, (string[])["CS0103", "CS0234", "CS0246", "CS1002", "CS1513"]));
        Assert.All(errors, error => Assert.Contains(forbidden, LineOf(error), StringComparison.Ordinal));
    }

    /// <summary>By this the SDK's analyzer knows that a change which nobody takes is lost (CA1806).</summary>
    [Theory]
    [InlineData(typeof(AppendList<string>), 3)]
    [InlineData(typeof(Total<long>), 3)]
    [InlineData(typeof(UnionSet<string>), 2)]
    [InlineData(typeof(MergeMap<int>), 2)]
    [InlineData(typeof(Messages), 3)]
    public void Channel_MethodsThatGiveAChangedValue_AreMarkedAsPure(Type channel, int count)
    {
        var methods = channel.GetMethods(BindingFlags.Public | BindingFlags.Instance);
        var changes = methods.Where(method => method.ReturnType == channel).ToList();

        Assert.Equal(count, changes.Count);
        Assert.All(changes, method => Assert.True(method.IsDefined(typeof(PureAttribute)), $"'{method.Name}' is not."));
    }

    private static string Node(string body) => $"graph.AddNode(\"node\", (state, node) => {body});";

    private static string Send(string send) =>
        $"graph.AddCommandNode(\"sender\", [count], (state, node) => Task.FromResult(state.SendTo({send})));";

    private static string LineOf(Diagnostic error) =>
        error.Location.SourceTree!.GetText().Lines[error.Location.GetLineSpan().StartLinePosition.Line].ToString();

    private static Diagnostic[] ErrorsOf(string line)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            "Forms",
            [CSharpSyntaxTree.ParseText(Frame.Replace("$line$", line, StringComparison.Ordinal))],
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        return [.. compilation.GetDiagnostics().Where(found => found.Severity == DiagnosticSeverity.Error)];
    }
}
