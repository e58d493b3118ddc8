namespace OrleansRuns.Graphs.Tests;

public sealed class GraphCompilerTests
{
    private const string NoStart = "No edge leaves Node.Start. Add one to the first node: graph.AddEdge(Node.Start, first).";

    [Fact]
    public void Compile_ManyMistakes_ReportsAllAtOnce()
    {
        var problems = Mistakes(graph =>
        {
            graph.AddEdge(Node.Start, graph.AddLogger("__a"));
            graph.AddEdge(graph.AddLogger("a:b"), Node.End);
            graph.AddLogger("twice", new() { Timeout = TimeSpan.Zero, Retry = new() { MaxAttempts = 0, Factor = 0.5 } });
            graph.AddLogger("twice");
            graph.AddLogger("");
        });

        Assert.Contains(problems, problem => problem.Contains("'__a' begins", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("'a:b' begins with '__' or contains", StringComparison.Ordinal));
        Assert.Contains("Node name 'twice' is used 2 times.", problems);
        Assert.Contains("A node has an empty name.", problems);
        Assert.Contains("Node 'a:b' is unreachable: no path leads to it from Node.Start.", problems);
        Assert.Contains("Node '__a' has no path to Node.End.", problems);
        Assert.Contains(problems, problem => problem.StartsWith("Node 'twice': Timeout is 00:00:00", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Node 'twice': Retry.MaxAttempts is 0", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Node 'twice': Retry.Factor is 0.5", StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_NoStartEdge_IsReported() =>
        Assert.Contains(NoStart, Mistakes(graph => graph.AddEdge(graph.AddLogger("a"), Node.End)));

    [Fact]
    public void Compile_UnknownNodes_AreReported()
    {
        Node? stranger = null;
        TestGraph.Compile(graph => graph.AddPath(Node.Start, stranger = graph.AddLogger("stranger"), Node.End));

        var problems = Mistakes(graph => graph.AddPath(Node.Start, graph.AddLogger("a"), stranger!, graph.Forward("never"), Node.End));

        Assert.Contains(problems, problem => problem.StartsWith("Node 'stranger' is used but was not added", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Node 'never' is used but was not added", StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_UnknownNode_HidesNoUnreachableOne()
    {
        var problems = Mistakes(graph =>
        {
            graph.AddPath(Node.Start, graph.AddLogger("a"), graph.Forward("never"), Node.End);
            graph.AddEdge(graph.AddLogger("lost"), Node.End);
        });

        Assert.Contains("Node 'lost' is unreachable: no path leads to it from Node.Start.", problems);
        Assert.Contains(problems, problem => problem.StartsWith("Node 'never' is used but was not added", StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_TimesBeyondWhatCanBeWaitedFor_AreReported()
    {
        var problems = Mistakes(graph => graph.AddPath(
            Node.Start,
            graph.AddLogger("slow", new()
            {
                Timeout = TimeSpan.FromDays(60),
                IdleTimeout = TimeSpan.MaxValue,
                Retry = new() { InitialDelay = TimeSpan.MaxValue },
            }),
            Node.End));

        Assert.Contains(problems, problem => problem.Contains("Timeout is 60.00:00:00, but must be greater", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Node 'slow': IdleTimeout", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("must be zero to 24 days", StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_GraphThatContainsItselfTwice_IsReported()
    {
        var exception = Assert.Throws<GraphBuildException>(() => GraphCompiler.Compile("endless", new EndlessGraph()));

        Assert.Contains("EndlessGraph is inside of 8 graphs of its kind.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_PlainEdgeToANodeWithArgument_IsReported()
    {
        var problems = Mistakes(graph =>
        {
            var item = graph.AddNode<int>("item", (state, arg, node) => state, new() { Deferred = true });
            graph.AddPath(Node.Start, item, Node.End);
        });

        Assert.Contains(problems, problem => problem.StartsWith("Node 'item' takes a private argument, but", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("cannot be deferred", StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_WrongDirectionsAndEmptyChoices_AreReported()
    {
        var problems = Mistakes(graph =>
        {
            var a = graph.AddLogger("a");
            graph.AddPath(Node.Start, a, Node.End);
            graph.AddEdge(a, Node.Start);
            graph.AddEdge(Node.End, a);
            graph.AddEdge([a, a], Node.End);
            graph.AddBranch(a, state => a);
            graph.AddPath(a);
        });

        Assert.Contains("An edge leads from 'a' to Node.Start. Name the node to go back to.", problems);
        Assert.Contains("An edge leads from Node.End to 'a'. Nothing follows the end: leave the edge out.", problems);
        Assert.Contains(problems, problem => problem.StartsWith("The join into '__end__' needs two", StringComparison.Ordinal));
        Assert.Contains("The branch from 'a' names no node it may choose.", problems);
        Assert.Contains("A path needs two or more nodes.", problems);
    }

    [Theory]
    [InlineData("from")]
    [InlineData("to")]
    [InlineData("nodes")]
    [InlineData("goesTo")]
    public void Build_NodeThatIsNull_NamesTheArgument(string argument)
    {
        Node? notYet = null;

        var exception = Assert.Throws<ArgumentException>(() => TestGraph.Compile(graph =>
        {
            var a = graph.AddLogger("a");
            switch (argument)
            {
                case "from":
                    graph.AddEdge([a, notYet!], Node.End);
                    break;
                case "to":
                    graph.AddBranch(a, _ => a, a, notYet!);
                    break;
                case "nodes":
                    graph.AddPath(Node.Start, notYet!);
                    break;
                default:
                    graph.AddCommandNode("b", [a, notYet!], (state, _) => state);
                    break;
            }
        }));

        Assert.Equal(argument, exception.ParamName);
        Assert.Contains("is null. Add nodes before", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_MistakeInASubgraph_NamesTheSubgraph()
    {
        var child = new Lambda<TestState>(graph => graph.AddLogger("lost"));

        var problems = Mistakes(graph => graph.AddPath(
            Node.Start, graph.AddSubgraph("child", child, parent => parent, (parent, inner) => parent), Node.End));

        Assert.Contains($"In subgraph 'child': {NoStart}", problems);
    }

    [Fact]
    public void Compile_SubgraphWithWhatOnlyNodesHave_SaysSo()
    {
        var child = new Lambda<TestState>(inner => inner.AddPath(Node.Start, inner.AddLogger("a"), Node.End));

        var problems = Mistakes(graph => graph.AddPath(
            Node.Start,
            graph.AddSubgraph("child", child, parent => parent, (parent, _) => parent, new() { Timeout = TimeSpan.FromSeconds(1) }),
            Node.End));

        Assert.Contains("Node 'child' runs a subgraph, which is not tried again", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Fingerprint_SameShape_IsTheSameAndFollowsTheShape()
    {
        Assert.Equal(Path("a", "b").Fingerprint, Path("a", "b").Fingerprint);
        Assert.NotEqual(Path("a", "b").Fingerprint, Path("b", "a").Fingerprint);
        Assert.NotEqual(Path("a", "b").Fingerprint, Path("a", "c").Fingerprint);
        Assert.Equal(32, Path("a", "b").Fingerprint.Length);

        static CompiledGraph Path(string first, string second) =>
            TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger(first), graph.AddLogger(second), Node.End));
    }

    [Fact]
    public void DrawMermaid_EveryKindOfLink_IsDrawn()
    {
        var child = new Lambda<TestState>(graph => graph.AddPath(Node.Start, graph.AddLogger("inner"), Node.End));
        var graph = TestGraph.Compile(graph =>
        {
            var rescue = graph.AddNode<NodeError>("rescue", (state, error, node) => state);
            var item = graph.AddNode<int>("item", (state, arg, node) => state);
            var (a, b) = (graph.AddLogger("a", new() { OnError = rescue }), graph.AddLogger("b", new() { Deferred = true }));
            var sub = graph.AddSubgraph("sub", child, parent => parent, (parent, inner) => parent);
            graph.AddPath(Node.Start, a, b);
            graph.AddFanOut(a, state => new[] { 1 }, each: item, whenEmpty: sub);
            graph.AddEdge([a, item], sub);
            graph.AddBranch(b, state => sub, sub, Node.End);
            graph.AddPath(sub, Node.End);
            graph.AddPath(item, Node.End);
            graph.AddPath(rescue, Node.End);
        });

        Assert.Equal(
            """
            flowchart TD
                start([start])
                n0["a"]
                n1["b (deferred)"]
                n2[["item"]]
                n3[["rescue"]]
                subgraph n4["sub"]
                    n4_start([start])
                    n4_n0["inner"]
                    n4_done([end])
                    n4_start --> n4_n0
                    n4_n0 --> n4_done
                end
                done([end])
                start --> n0
                n0 --> n1
                n0 ==>|each| n2
                n0 -.->|empty| n4
                n0 -.->|error| n3
                j0{{all}}
                n0 --- j0
                n2 --- j0
                j0 --> n4
                n1 -.->|"sub"| n4
                n1 -.->|"end"| done
                n2 --> done
                n3 --> done
                n4 --> done

            """,
            graph.DrawMermaid());
    }

    private sealed class EndlessGraph : IGraph<TestState>
    {
        public void Build(GraphBuilder<TestState> graph) => graph.AddPath(Node.Start, Add(graph, "one"), Add(graph, "other"), Node.End);

        private static Node Add(GraphBuilder<TestState> graph, string name) =>
            graph.AddSubgraph(name, new EndlessGraph(), parent => parent, (parent, _) => parent);
    }

    private static IReadOnlyList<string> Mistakes(Action<GraphBuilder<TestState>> build) =>
        Assert.Throws<GraphBuildException>(() => TestGraph.Compile(build)).Problems;
}
