namespace OrleansRuns.Graphs.Tests;

public sealed class UpdateTests
{
    [Fact]
    public void Of_ChangeOfANewState_IsAnInputThatTheGraphTakes()
    {
        var update = Update.Of<TestState>(state => state with { Text = "in", Log = state.Log.Append("first"), Sum = state.Sum + 3 });
        var graph = TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End));

        Assert.Equal("""{"log":["first"],"sum":3,"text":"in"}""", update.ToString());
        Assert.Equal(update.ToString(), graph.ToJson(graph.Begin(update.ToString())).ToJsonString());
    }

    [Fact]
    public async Task Of_ChangeOfAStateThatWasRead_AddsToWhatTheThreadHasByThen()
    {
        var graph = TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger("a"), graph.AddLogger("b"), Node.End));
        var read = graph.Begin("""{"text":"old","sum":1}""");

        var update = Update.Of<TestState>(
            graph.ToJson(read).ToJsonString(), state => state with { Log = state.Log.Append("edit"), Sum = state.Sum + 1, Text = null });
        var later = await graph.StepAsync(read);
        var edited = graph.ApplyUpdate(later, [], TestGraph.Json(update.ToString()), "a").Commit("2");

        Assert.Equal("""{"log":["a","edit"],"sum":2,"text":null}""", graph.ToJson(edited).ToJsonString());
    }

    [Fact]
    public void Of_RemovalsOfWhatThereIs_AreWritten()
    {
        var update = Update.Of<BagState>(
            """{"tags":[1,2],"scores":{"a":1},"talk":[{"id":"m","type":"ai","content":"x"}]}""",
            state => state with { Tags = state.Tags.Without(1), Scores = state.Scores.Without("a"), Talk = state.Talk.Remove("m") });

        Assert.Equal(
            """{"scores":{"a":null},"tags":{"add":[],"remove":[1]},"talk":[{"type":"remove","id":"m"}]}""", update.ToString());
    }

    [Fact]
    public void Of_NoChange_IsEmpty()
    {
        Assert.True(Update.Of<TestState>(state => state).IsEmpty);
        Assert.True(Update.Of<BagState>(state => state with { Scratch = "only this process may know it" }).IsEmpty);
        Assert.Equal("{}", Update.Of<TestState>(state => state with { Sum = state.Sum + 0 }).ToString());
    }

    [Theory]
    [InlineData("""{"nope":1}""", "At '$.nope' the state TestState names an unknown channel. The channels there are: log, sum, text.")]
    [InlineData("""{"sum":"x"}""", "At '$.sum' the state TestState does not fit")]
    [InlineData("[", "At '$' the state TestState is no valid JSON")]
    public void Of_StateThatIsNone_IsRefusedWithItsPath(string values, string message)
    {
        var error = Assert.Throws<GraphInputException>(() => Update.Of<TestState>(values, state => state));

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_OtherState_IsRefused() =>
        Assert.Throws<GraphUpdateException>(() => Update.Of<TestState>(_ => new TestState { Text = "new" }));

    [Fact]
    public void Of_StateWithMistakes_ListsThem()
    {
        var error = Assert.Throws<GraphBuildException>(() => Update.Of<StateChannelsTests.ManyMistakesState>(state => state));

        Assert.StartsWith("State 'ManyMistakesState' has 5 mistake(s):", error.Message, StringComparison.Ordinal);
    }
}
