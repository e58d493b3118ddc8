using System.Collections.Immutable;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Private arguments are stored with the planned task: what would be lost on the way is a mistake of the graph.</summary>
public sealed class ArgumentTests
{
    public static TheoryData<Action, string> Mistakes => new()
    {
        { Build<(string Path, int Line)>, "The argument of node 'work' is a ValueTuple, whose members JSON would lose." },
        { Build<ImmutableArray<(string Path, int Line)>>, "The argument of node 'work' is a ValueTuple, whose members JSON would lose." },
        { Build<GetOnly>, "'Text' of GetOnly in The argument of node 'work' has no public 'init', so that it would be lost." },
        { Build<object>, "The argument of node 'work' is an 'object', whose type would be lost." },
        { Build<ImmutableHashSet<string>>, "The argument of node 'work' has another order in every process" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Compile_ArgumentThatWouldBeLost_IsReported(Action build, string message)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_ArgumentThatATaskHasForItself_MayBeChangedByIt()
    {
        Build<string[]>();
        Build<List<int>>();
        Build<Settable>();
    }

    private static void Build<T>() => GraphCompiler.Compile("arguments", new Lambda<TestState>(graph =>
    {
        var work = graph.AddNode<T>("work", (state, _, _) => state);
        graph.AddFanOut(Node.Start, _ => ImmutableArray<T>.Empty, each: work, whenEmpty: Node.End);
        graph.AddEdge(work, Node.End);
    }));

    public sealed class GetOnly
    {
        public string Text { get; } = "";
    }

    public sealed class Settable
    {
        public string Text { get; set; } = "";
    }
}
