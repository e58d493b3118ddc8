using System.Collections.Immutable;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What a node sets to the value that is there already.</summary>
public sealed partial class StateModelTests
{
    [Fact]
    public void Diff_ValueThatIsThereAlready_IsNoWrite()
    {
        var full = Fold(Full(), state => state with { Paths = ["a"] }).After;
        Assert.Null(Write(full, state => state with { Sum = state.Sum.Overwrite(state.Sum), Words = state.Words.Overwrite(["seed"]) }));
        Assert.Null(Write(full, state => state with { Paths = ["a"], Scores = state.Scores.With("k", 1), Peak = new Peak(0) }));
        var model = Create<MapState>();
        var given = model.Fold(model.Initial, [new("n", "t", TestGraph.Json("""{"values":{"k":["a"]}}"""))]).After;
        given = StateModel<MapState>.Give(given);

        Assert.Null(model.Diff(given, given with { Values = given.Values.With("k", ["a"]) }, "n", "t"));
    }

    [Fact]
    public void Diff_MessagesThatAreThereAlready_AreNoWrite()
    {
        var model = Create<TalkState>();
        var empty = StateModel<TalkState>.Give(model.Initial);
        var known = new Message { Id = "1", Type = "human", Content = "Hello." };
        var update = TestGraph.Json("""{"talk":[{"id":"1","type":"human","content":"Hello."}]}""");
        var given = StateModel<TalkState>.Give(model.Fold(model.Initial, [new("n", "t", update)]).After);

        Assert.Null(model.Diff(empty, empty with { Talk = empty.Talk.RemoveAll() }, "n", "t"));
        Assert.Null(model.Diff(given, given with { Talk = given.Talk.Put(known) }, "n", "t"));
        Assert.NotNull(model.Diff(given, given with { Talk = given.Talk.Put(known with { Content = "Bye." }) }, "n", "t"));
    }

    [Fact]
    public void Fold_UnknownMessageIsRemoved_NamesTheChannel()
    {
        var model = Create<TalkState>();

        var exception = Assert.Throws<GraphUpdateException>(
            () => model.Fold(model.Initial, [new("n", "t", TestGraph.Json("""{"talk":{"type":"remove","id":"7"}}"""))]));

        Assert.Equal("Channel 'talk' has no message '7' to remove; it has 0 messages.", exception.Message);
        Assert.Throws<ArgumentException>(() => default(Messages).Put(new Message { Id = "__remove_all__", Type = "human" }));
    }
}

public sealed record TalkState : GraphState
{
    public Messages Talk { get; init; }
}

public sealed record MapState : GraphState
{
    public MergeMap<ImmutableArray<string>> Values { get; init; }
}
