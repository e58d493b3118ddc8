namespace OrleansRuns.Graphs.Tests;

public sealed class EditTests
{
    [Fact]
    public async Task ApplyInput_UnfinishedCheckpoint_DiscardsItsTasks()
    {
        var graph = Two();
        var second = await graph.StepAsync(graph.Begin());

        var again = graph.ApplyInput(second, TestGraph.Json("""{"text":"new"}""")).Commit("again");

        Assert.Equal(["b"], second.Tasks.Select(task => task.Node));
        Assert.Equal(["a"], again.Tasks.Select(task => task.Node));
        Assert.Equal((1, CheckpointSource.Input, second.Id), (again.Step, again.Source, again.ParentId));
        Assert.Equal("""["a"]""", graph.ToJson(again)["log"]!.ToJsonString());
    }

    [Fact]
    public void ApplyInput_TypedInput_IsMappedAndCheckedStrictly()
    {
        var graph = TestGraph.Compile(graph =>
        {
            graph.Input<Question>((state, input) => state with { Text = input.Text });
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
        });

        var begin = graph.Begin("""{"text":"hello"}""");

        Assert.Equal("hello", graph.ToJson(begin)["text"]!.GetValue<string>());
        Assert.Equal(-1, begin.Step);
        Assert.NotNull(graph.InputSchema["properties"]!["text"]);
        foreach (var wrong in new[] { "{}", """{"text":null}""", """{"text":1}""", """{"text":"a","other":1}""", "[]", "null" })
        {
            Assert.Throws<GraphInputException>(() => graph.Begin(wrong));
        }
    }

    [Fact]
    public void ApplyInput_UnknownChannel_IsRefused() =>
        Assert.Throws<GraphInputException>(() => Two().Begin("""{"nonsense":1}"""));

    [Fact]
    public void ApplyInput_AuthorsMappingThrows_IsRefusedWithWhatItSays()
    {
        var graph = TestGraph.Compile(graph =>
        {
            graph.Input<Question>((state, input) => throw new IOException($"There is no '{input.Text}'."));
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
        });

        var refused = Assert.Throws<GraphInputException>(() => graph.Begin("""{"text":"cat"}"""));

        Assert.Contains("There is no 'cat'.", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"sum":1,"sum":2}""")]
    [InlineData("""{"text":"a","text":"a"}""")]
    public void ApplyInput_ChannelNamedTwice_IsRefused(string input) =>
        Assert.Throws<GraphInputException>(() => Two().Begin(input));

    [Fact]
    public async Task ApplyUpdate_AsNode_RunsItsEdgesAndBranches()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var (a, yes, no) = (graph.AddLogger("a"), graph.AddLogger("yes"), graph.AddLogger("no"));
            graph.AddEdge(Node.Start, a);
            graph.AddBranch(a, state => state.Text == "yes" ? yes : no, yes, no);
            graph.AddPath(yes, Node.End);
            graph.AddPath(no, Node.End);
        });
        var second = await graph.StepAsync(graph.Begin());

        var edited = graph.ApplyUpdate(second, [], TestGraph.Json("""{"text":"yes"}"""), asNode: null).Commit("edited");

        Assert.Equal(["no"], second.Tasks.Select(task => task.Node));
        Assert.Equal(["yes"], edited.Tasks.Select(task => task.Node));
        Assert.Equal((CheckpointSource.Update, 1), (edited.Source, edited.Step));
    }

    [Fact]
    public async Task ApplyUpdate_SeveralWroteLast_AsksAsWhichNode()
    {
        var graph = TestGraph.Compile(graph =>
        {
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
            graph.AddPath(Node.Start, graph.AddLogger("b"), Node.End);
        });
        var begin = graph.Begin();
        var writes = await graph.InvokeAllAsync(begin);
        var update = TestGraph.Json("""{"text":"x"}""");

        var exception = Assert.Throws<GraphInputException>(() => graph.ApplyUpdate(begin, writes, update, null));
        var one = graph.ApplyUpdate(begin, [writes[0]], update, null);

        Assert.Contains("'a', 'b'", exception.Message, StringComparison.Ordinal);
        Assert.Equal("""["a"]""", graph.ToJson(one.Commit("1"))["log"]!.ToJsonString());
        Assert.True(one.ToRecord("1", full: false).Full);
        Assert.Throws<GraphInputException>(() => graph.ApplyUpdate(begin, [], update, "stranger"));
    }

    [Fact]
    public void ApplyUpdate_AsStartOrEnd_PlansTheFirstNodesOrNothing()
    {
        var graph = Two();
        var begin = graph.Begin();
        var update = TestGraph.Json("""{"text":"x"}""");

        Assert.Equal("a", Assert.Single(graph.ApplyUpdate(begin, [], update, null).Commit("1").Tasks).Node);
        Assert.Equal("a", Assert.Single(graph.ApplyUpdate(begin, [], update, "__start__").Commit("1").Tasks).Node);
        Assert.Empty(graph.ApplyUpdate(begin, [], TestGraph.Json("null"), "__end__").Commit("1").Tasks);
        Assert.Empty(graph.ApplyUpdate(begin, [], update, "b").Commit("1").Tasks);
    }

    [Fact]
    public async Task Fork_Checkpoint_RepeatsItsTasksUnderNewIds()
    {
        var graph = Two();
        var second = await graph.StepAsync(graph.Begin());

        var fork = graph.Fork(second).Commit("fork");

        Assert.Equal(second.Tasks.Select(task => task.Plan), fork.Tasks.Select(task => task.Plan));
        Assert.NotEqual(second.Tasks[0].Id, fork.Tasks[0].Id);
        Assert.Equal((second.Id, CheckpointSource.Fork, 1), (fork.ParentId, fork.Source, fork.Step));
        Assert.Equal(graph.ToJson(second).ToJsonString(), graph.ToJson(fork).ToJsonString());
    }

    [Fact]
    public async Task Load_RecordsOfALine_GivesTheCheckpoint()
    {
        var graph = Two();
        var input = graph.ApplyInput(null, TestGraph.Json("{}"));
        var begin = input.Commit("0");
        var fold = graph.Fold(begin, await graph.InvokeAllAsync(begin));

        var loaded = graph.Load("", [input.ToRecord("0", full: false), fold.ToRecord("1", full: false)]);

        Assert.Equal(fold.Commit("1").Tasks.AsEnumerable(), loaded.Tasks.AsEnumerable());
        Assert.Equal("a", Assert.Single(loaded.Ran));
        Assert.Equal(graph.ToJson(fold.Commit("1")).ToJsonString(), graph.ToJson(loaded).ToJsonString());
        Assert.Throws<ArgumentException>(() => graph.Load("", [fold.ToRecord("1", full: false)]));
    }

    [Fact]
    public async Task Load_PlannedNodeIsGone_CanBeReadButNotRun()
    {
        var record = Two().ToFullRecord(await Two().StepAsync(Two().Begin()));
        var renamed = TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger("a"), graph.AddLogger("c"), Node.End));

        var loaded = renamed.Load("", [record]);

        Assert.Equal("b", renamed.MissingNode(loaded));
        Assert.Null(Two().MissingNode(loaded));
        Assert.Equal("""["a"]""", renamed.ToJson(loaded)["log"]!.ToJsonString());
        await Assert.ThrowsAsync<InvalidOperationException>(() => renamed.InvokeAllAsync(loaded));
    }

    [Fact]
    public void Misfit_WritesOfAnotherVersion_NamesWhatCannotBeFolded()
    {
        Assert.Equal("note", Two().Misfit(Written("""{"text":"a","note":"b"}""")));
        Assert.Equal("log", Two().Misfit(Written("""{"text":"a","log":["b"]}""") with { Kinds = Kinds("last_value", "last_value") }));
        Assert.Null(Two().Misfit(Written("""{"text":"a","log":["b"]}""") with { Kinds = Kinds("last_value", "append_list") }));
        Assert.Null(Two().Misfit(Written("""{"text":"a"}""")));
        Assert.Null(Two().Misfit(new TaskWrites { TaskId = "1", Node = "a" }));

        static TaskWrites Written(string update) => new() { TaskId = "1", Node = "a", Update = TestGraph.Json(update) };

        static Dictionary<string, string> Kinds(string text, string log) => new() { ["text"] = text, ["log"] = log };
    }

    [Fact]
    public async Task Fold_ChannelWasWrittenAsAnotherKind_NamesItAndBothKinds()
    {
        var graph = Two();
        var begin = graph.Begin();
        var written = await graph.InvokeAllAsync(begin);
        Assert.Equal("append_list", written[0].Kinds!["log"]);

        var exception = Assert.Throws<GraphUpdateException>(() => graph.Fold(
            begin, [written[0] with { Kinds = new Dictionary<string, string> { ["log"] = "union_set" } }]));

        Assert.Contains("wrote channel 'log' as 'union_set', and it is now 'append_list'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HandleError_NodeWithHandler_SendsItTheErrorAndFollowsNoEdge()
    {
        var graph = TestGraph.Compile(graph =>
        {
            var rescue = graph.AddNode<NodeError>("rescue", (state, error, node) => state with { Text = $"{error.Node}: {error.Message}" });
            var a = graph.AddLogger("a", new() { OnError = rescue });
            graph.AddPath(Node.Start, a, graph.AddLogger("b"), Node.End);
            graph.AddPath(rescue, Node.End);
        });
        var begin = graph.Begin();
        var error = new NodeError { Node = "a", Type = "System.Exception", Message = "no", Attempts = 3 };

        var next = graph.Fold(begin, [graph.HandleError(begin.Tasks[0], error)!]).Commit("1");
        var last = await graph.StepAsync(next);

        Assert.Equal(["rescue"], next.Tasks.Select(task => task.Node));
        Assert.Equal("a: no", graph.ToJson(last)["text"]!.GetValue<string>());
        Assert.Null(graph.HandleError(next.Tasks[0], error));
    }

    private static CompiledGraph Two() =>
        TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger("a"), graph.AddLogger("b"), Node.End));

    internal sealed record Question
    {
        public required string Text { get; init; }
    }
}
