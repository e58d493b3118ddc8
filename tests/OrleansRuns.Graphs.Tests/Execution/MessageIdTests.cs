using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Messages without an id get one that follows from where they come from: the same in every try, and no other's.</summary>
public sealed class MessageIdTests
{
    [Fact]
    public void ApplyInput_MessagesOfTypedInputs_AllStay()
    {
        var graph = Compile(graph => graph.Input<Question>((state, question) =>
            state with { Talk = state.Talk.Put(new Message { Type = "human", Content = question.Text }) }));

        var first = graph.ApplyInput(null, TestGraph.Json("""{"text":"one"}""")).Commit("0");
        var second = graph.ApplyInput(first, TestGraph.Json("""{"text":"two"}""")).Commit("1");
        var again = graph.ApplyInput(first, TestGraph.Json("""{"text":"two"}""")).Commit("1");

        Assert.Equal(["one", "two"], Texts(graph, second));
        Assert.Equal(graph.ToJson(second).ToJsonString(), graph.ToJson(again).ToJsonString());
        Assert.Equal(2, Ids(graph, second).Distinct().Count());
    }

    [Fact]
    public void ApplyInput_MessagesOfAnUntypedInput_GetIds()
    {
        var graph = Compile(_ => { });

        var first = graph.ApplyInput(null, TestGraph.Json("""{"talk":[{"type":"human","content":"one"},{"type":"ai","content":"a"}]}"""))
            .Commit("0");
        var second = graph.ApplyInput(first, TestGraph.Json("""{"talk":{"type":"human","content":"two"}}""")).Commit("1");

        Assert.Equal(["one", "a", "two"], Texts(graph, second));
        Assert.Equal(3, Ids(graph, second).Distinct().Count());
    }

    [Fact]
    public void ApplyUpdate_MessagesOfUpdates_AllStay()
    {
        var graph = Compile(_ => { });
        var edit = Update.Of<BagState>(state => state with { Talk = state.Talk.Put(new Message { Type = "ai", Content = "edit" }) });

        var first = graph.ApplyUpdate(graph.Begin(), [], JsonSerializer.SerializeToElement(edit.ToJson()), "node").Commit("1");
        var second = graph.ApplyUpdate(first, [], JsonSerializer.SerializeToElement(edit.ToJson()), "node").Commit("2");

        Assert.Equal(["edit", "edit"], Texts(graph, second));
    }

    [Fact]
    public void EnterSubgraph_MessagesWithoutAnId_GetOne()
    {
        var inner = new Lambda<BagState>(child => child.AddPath(Node.Start, child.AddNode("node", (state, _) => state), Node.End));
        var graph = GraphCompiler.Compile("outer", new Lambda<TestState>(graph => graph.AddPath(
            Node.Start,
            graph.AddSubgraph(
                "child",
                inner,
                parent => new BagState { Talk = default(Messages).Put(new Message { Type = "human", Content = "in" }) },
                (parent, _) => parent),
            Node.End)));
        var parent = graph.Begin();

        var first = graph.EnterSubgraph(parent, parent.Tasks[0]).Commit("c0");

        Assert.StartsWith($"child:{parent.Tasks[0].Id}/", Assert.Single(Ids(graph.SubgraphOf("child")!, first)), StringComparison.Ordinal);
    }

    [Fact]
    public void Put_MessageThatWouldBeStoredAsARemoval_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => default(Messages).Put(new Message { Id = "m", Type = "remove" }));

        Assert.StartsWith("A message of type 'remove' or with the id '__remove_all__' would be", error.Message, StringComparison.Ordinal);
    }

    private static CompiledGraph Compile(Action<GraphBuilder<BagState>> build) =>
        GraphCompiler.Compile("talk", new Lambda<BagState>(graph =>
        {
            build(graph);
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End);
        }));

    private static IEnumerable<string> Texts(CompiledGraph graph, Checkpoint checkpoint) => Members(graph, checkpoint, "content");

    private static IEnumerable<string> Ids(CompiledGraph graph, Checkpoint checkpoint) => Members(graph, checkpoint, "id");

    private static IEnumerable<string> Members(CompiledGraph graph, Checkpoint checkpoint, string member) =>
        graph.ToJson(checkpoint)["talk"]!.AsArray().Select(message => message![member]!.GetValue<string>());

    private sealed record Question(string Text);
}
