namespace OrleansRuns.Graphs.Tests;

public sealed class PlanningTests
{
    [Fact]
    public async Task Fold_TwoNodesTriggerOne_RunsItOnceInOrdinalOrder()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var (b, a, z, c) = (graph.AddLogger("b"), graph.AddLogger("a"), graph.AddLogger("Z"), graph.AddLogger("c"));
            graph.AddPath(Node.Start, b, c, Node.End);
            graph.AddPath(Node.Start, a, c);
            graph.AddPath(Node.Start, z, c);
        });

        var (steps, last) = await graph.TraceAsync();

        Assert.Equal(["Z a b", "c"], steps);
        Assert.Equal("""["Z","a","b","c"]""", graph.ToJson(last)["log"]!.ToJsonString());
    }

    [Fact]
    public async Task Fold_WritesInAnyOrder_GivesTheSameRecord()
    {
        var graph = TestGraph.Compile(graph =>
        {
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
            graph.AddPath(Node.Start, graph.AddLogger("b"), Node.End);
        });
        var begin = graph.Begin();
        var writes = await graph.InvokeAllAsync(begin);

        var forward = graph.Fold(begin, writes).ToRecord("1", full: false);
        var backward = graph.Fold(begin, [.. writes.Reverse()]).ToRecord("1", full: false);

        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(forward), System.Text.Json.JsonSerializer.Serialize(backward));
    }

    [Fact]
    public async Task Fold_FanOut_RunsSendsFirstInTheOrderTheyWereSent()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var split = graph.AddLogger("split");
            var item = graph.AddNode<string>("zitem", (state, arg, node) => state with { Log = state.Log.Append(arg) });
            var beside = graph.AddLogger("beside");
            graph.AddPath(Node.Start, split, beside, Node.End);
            graph.AddFanOut(split, state => new[] { "y", "x" }, each: item, whenEmpty: Node.End);
            graph.AddEdge(item, Node.End);
        });

        var (steps, last) = await graph.TraceAsync();

        Assert.Equal(["split", "zitem zitem beside"], steps);
        Assert.Equal("""["split","y","x","beside"]""", graph.ToJson(last)["log"]!.ToJsonString());
    }

    [Fact]
    public async Task Fold_FanOutOfNothing_GoesToWhenEmpty()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var item = graph.AddNode<int>("item", (state, arg, node) => state);
            var none = graph.AddLogger("none");
            graph.AddFanOut(Node.Start, state => Array.Empty<int>(), each: item, whenEmpty: none);
            graph.AddPath(none, Node.End);
            graph.AddPath(item, Node.End);
        });

        var (steps, _) = await graph.TraceAsync();

        Assert.Equal(["none"], steps);
    }

    [Fact]
    public async Task Fold_Branch_SeesTheNodesOwnWritesAndNotItsSiblings()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var a = graph.AddNode("a", (state, node) => state with { Sum = state.Sum + 1 });
            var b = graph.AddNode("b", (state, node) => state with { Sum = state.Sum + 10 });
            var one = graph.AddLogger("one");
            var other = graph.AddLogger("other");
            graph.AddEdge(Node.Start, a);
            graph.AddPath(Node.Start, b, Node.End);
            graph.AddBranch(a, state => state.Sum == 1 ? one : other, one, other);
            graph.AddPath(one, Node.End);
            graph.AddPath(other, Node.End);
        });

        var (steps, _) = await graph.TraceAsync();

        Assert.Equal(["a b", "one"], steps);
    }

    [Fact]
    public async Task Fold_Join_WaitsForAllAndCountsAnew()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var (a, b, slow, join) = (graph.AddLogger("a"), graph.AddLogger("b"), graph.AddLogger("slow"), graph.AddLogger("join"));
            graph.AddEdge(Node.Start, a);
            graph.AddPath(Node.Start, slow, b);
            graph.AddEdge([b, a], join);
            graph.AddBranch(join, state => state.Log.Count < 8 ? a : Node.End, a, Node.End);
        });

        var (steps, last) = await graph.TraceAsync();

        Assert.Equal(["a slow", "b", "join", "a"], steps);
        Assert.Equal("a", Assert.Single(last.Joins["a|b:join"]));
    }

    [Fact]
    public async Task Fold_DeferredNode_RunsWhenNothingElseIsLeft()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var last = graph.AddLogger("last", new() { Deferred = true });
            var end = graph.AddLogger("end", new() { Deferred = true });
            graph.AddPath(Node.Start, graph.AddLogger("a"), last, Node.End);
            graph.AddPath(Node.Start, graph.AddLogger("b"), graph.AddLogger("c"), graph.AddLogger("d"), end, Node.End);
        });

        var (steps, _) = await graph.TraceAsync();

        Assert.Equal(["a b", "c", "d", "end last"], steps);
    }

    [Fact]
    public async Task Fold_JoinIntoDeferredNode_BelongsToOneRound()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var (a, b, c, again) = (graph.AddLogger("a"), graph.AddLogger("b"), graph.AddLogger("c"), graph.AddLogger("again"));
            var last = graph.AddLogger("last", new() { Deferred = true });
            graph.AddEdge(Node.Start, a);
            graph.AddEdge(Node.Start, b);
            graph.AddPath(a, again, c);
            graph.AddBranch(c, state => state.Log.Count < 5 ? a : Node.End, a, Node.End);
            graph.AddEdge([a, b], last);
            graph.AddEdge(last, Node.End);
        });

        var (steps, end) = await graph.TraceAsync();

        Assert.Equal(["a b", "again", "c", "a", "again", "c", "last"], steps);
        Assert.Empty(end.Joins);
    }

    [Fact]
    public async Task Fold_Command_GoesWhereTheNodeSays()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var item = graph.AddNode<int>("item", async (state, arg, node) => state with { Sum = state.Sum + arg });
            var loop = graph.Forward("loop");
            var done = graph.AddLogger("done");
            graph.AddCommandNode("loop", goesTo: [loop, item, done], async (state, node) =>
            {
                if (state.Log.Count == 3)
                {
                    return state;
                }

                var next = state with { Log = state.Log.Append("loop") };
                return state.Log.Count == 2 ? next.GoTo(done).SendTo(item.With(40)).SendTo(item.With(2)) : next.GoTo(loop);
            });
            graph.AddEdge(Node.Start, loop);
            graph.AddPath(item, Node.End);
            graph.AddPath(done, Node.End);
        });

        var (steps, last) = await graph.TraceAsync();

        Assert.Equal(["loop", "loop", "loop", "item item done"], steps);
        Assert.Equal("42", graph.ToJson(last)["sum"]!.ToJsonString());
    }

    [Fact]
    public async Task InvokeAsync_CommandToAnUnnamedNode_IsRefused()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var a = graph.AddLogger("a");
            var b = graph.AddLogger("b");
            graph.AddPath(Node.Start, graph.AddCommandNode("go", [a], (state, node) => state.GoTo(b)), Node.End);
            graph.AddPath(Node.Start, b, a, Node.End);
        });
        var begin = graph.Begin();

        var exception = await Assert.ThrowsAsync<GraphUpdateException>(
            () => graph.InvokeAsync(begin, begin.Tasks[1], TestGraph.ContextOf(begin, begin.Tasks[1])));

        Assert.Contains("'b'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fold_UnfinishedTask_IsRefused()
    {
        var graph = TestGraph.Compile(graph =>
        {
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
            graph.AddPath(Node.Start, graph.AddLogger("b"), Node.End);
        });
        var begin = graph.Begin();
        var writes = await graph.InvokeAllAsync(begin);

        Assert.Throws<ArgumentException>(() => graph.Fold(begin, [writes[0]]));
        Assert.Throws<ArgumentException>(() => graph.Fold(begin, [.. writes, writes[0] with { TaskId = "stranger" }]));
    }

    [Fact]
    public void Commit_SameCheckpoint_GivesTheSameTaskIds()
    {
        var graph = TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End));

        var id = graph.ApplyInput(null, TestGraph.Json("{}")).Commit("first").Tasks[0].Id;

        Assert.Equal(id, graph.ApplyInput(null, TestGraph.Json("{}")).Commit("first").Tasks[0].Id);
        Assert.NotEqual(id, graph.ApplyInput(null, TestGraph.Json("{}")).Commit("second").Tasks[0].Id);
        Assert.Equal(id, Guid.Parse(id).ToString());
    }
}
