namespace OrleansRuns.Graphs.Tests;

public sealed class SubgraphTests
{
    [Fact]
    public async Task EnterSubgraph_ThenLeave_WritesTheChildsResultToTheParent()
    {
        var child = new Lambda<TestState>(graph => graph.AddPath(Node.Start, graph.AddLogger("inner"), Node.End));
        var graph = TestGraph.Compile(graph => graph.AddPath(
            Node.Start,
            graph.AddSubgraph(
                "child",
                child,
                parent => new TestState { Text = parent.Text },
                (parent, inner) => parent with { Sum = parent.Sum + inner.Log.Count }),
            Node.End));
        var parent = graph.Begin("""{"text":"in"}""");
        var task = parent.Tasks[0];
        var inner = graph.SubgraphOf("child")!;

        var first = graph.EnterSubgraph(parent, task).Commit("c0");
        var last = await inner.StepAsync(first);
        var end = graph.Fold(parent, [graph.LeaveSubgraph(parent, task, last)]).Commit("1");

        Assert.Equal($"child:{task.Id}", first.Namespace);
        Assert.Equal("in", inner.ToJson(first)["text"]!.GetValue<string>());
        Assert.Equal("1", graph.ToJson(end)["sum"]!.ToJsonString());
        Assert.Empty(end.Tasks);
    }

    [Theory]
    [InlineData("accept", "accepted")]
    [InlineData("refuse", "refused")]
    public async Task LeaveSubgraph_WithACommand_GoesWhereTheInnerGraphDecided(string text, string node)
    {
        var graph = Deciding((parent, child, accepted, refused) =>
            (parent with { Sum = parent.Sum + 1 }).GoTo(child.Text == "accept" ? accepted : refused));
        var (parent, last) = await EndAsync(graph, text);

        var next = graph.Fold(parent, [graph.LeaveSubgraph(parent, parent.Tasks[0], last)]).Commit("1");

        Assert.Equal([node], next.Tasks.Select(task => task.Node));
        Assert.Equal("1", graph.ToJson(next)["sum"]!.ToJsonString());
        Assert.Contains("accepted", graph.DrawMermaid(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeaveSubgraph_ToANodeThatWasNotNamed_IsRefused()
    {
        var graph = Deciding((parent, _, _, _) => parent.GoTo(new Node("elsewhere")));
        var (parent, last) = await EndAsync(graph, "x");

        var error = Assert.Throws<GraphUpdateException>(() => graph.LeaveSubgraph(parent, parent.Tasks[0], last));

        Assert.Contains("'child' chose 'elsewhere', but was added with: 'accepted', 'refused'.", error.Message, StringComparison.Ordinal);
    }

    private static CompiledGraph Deciding(Func<TestState, TestState, Node, Node, Command<TestState>> leave) => TestGraph.Compile(graph =>
    {
        var inner = new Lambda<TestState>(child => child.AddPath(Node.Start, child.AddLogger("inner"), Node.End));
        var (accepted, refused) = (graph.AddLogger("accepted"), graph.AddLogger("refused"));
        var child = graph.AddCommandSubgraph(
            "child",
            goesTo: [accepted, refused],
            inner,
            parent => new TestState { Text = parent.Text },
            (parent, child) => leave(parent, child, accepted, refused));
        graph.AddEdge(Node.Start, child);
        graph.AddEdge(accepted, Node.End);
        graph.AddEdge(refused, Node.End);
    });

    private static async Task<(Checkpoint Parent, Checkpoint Last)> EndAsync(CompiledGraph graph, string text)
    {
        var parent = graph.Begin($$"""{"text":"{{text}}"}""");
        var first = graph.EnterSubgraph(parent, parent.Tasks[0]).Commit("c0");
        return (parent, await graph.SubgraphOf("child")!.StepAsync(first));
    }
}
