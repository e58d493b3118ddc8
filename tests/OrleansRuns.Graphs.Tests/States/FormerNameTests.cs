namespace OrleansRuns.Graphs.Tests;

/// <summary>A former name leads to one channel.</summary>
public sealed class FormerNameTests
{
    [Fact]
    public void Compile_FormerNameOfAChannelThatIsThere_IsReported() => AssertReported<FormerOfCurrentState>(
        "'title' of FormerOfCurrentState has the former name 'name', which is also that of 'name'.");

    [Fact]
    public void Compile_FormerNameOfTwoChannels_IsReported() => AssertReported<SameFormerState>(
        "'second' of SameFormerState has the former name 'old', which is also that of 'first'.");

    [Fact]
    public void ApplyInput_ChannelByBothOfItsNames_IsRefused()
    {
        var graph = GraphCompiler.Compile("renamed", new Lambda<RenamedState>(graph =>
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End)));

        var exception = Assert.Throws<GraphInputException>(() => graph.Begin("""{"title":"a","old":"b"}"""));

        Assert.Contains("names the channel 'title' twice", exception.Message, StringComparison.Ordinal);
    }

    private static void AssertReported<TState>(string message)
        where TState : GraphState, new()
    {
        var exception = Assert.Throws<GraphBuildException>(() => GraphCompiler.Compile("inspected", new Lambda<TState>(graph =>
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End))));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    public sealed record FormerOfCurrentState : GraphState
    {
        public string? Name { get; init; }

        [FormerName("name")]
        public string? Title { get; init; }
    }

    public sealed record RenamedState : GraphState
    {
        [FormerName("old")]
        public string? Title { get; init; }
    }

    public sealed record SameFormerState : GraphState
    {
        [FormerName("old")]
        public string? First { get; init; }

        [FormerName("old")]
        public string? Second { get; init; }
    }
}
