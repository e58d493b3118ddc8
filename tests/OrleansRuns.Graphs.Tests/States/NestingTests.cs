using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>How deep a value may be nested is said where it is given, not when its entry is written.</summary>
public sealed class NestingTests
{
    [Fact]
    public async Task InvokeAsync_ValueNestedTooDeep_NamesTheNodeAndTheChannel()
    {
        var graph = Compile((state, _) => state with { Value = JsonSerializer.Deserialize<JsonElement>(Nested(49)) });

        var exception = await Assert.ThrowsAsync<GraphUpdateException>(() => graph.InvokeAllAsync(graph.Begin()));

        Assert.Contains("channel 'value' of node 'node'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ApplyInput_ValueNestedTooDeep_NamesItsPath()
    {
        var graph = Compile((state, _) => state);

        var exception = Assert.Throws<GraphInputException>(() => graph.Begin($$"""{"value":{{Nested(49)}}}"""));

        Assert.Equal("$.value", exception.Path);
        Assert.Equal(Nested(48), graph.ToJson(graph.Begin($$"""{"value":{{Nested(48)}}}"""))["value"]!.ToJsonString());
    }

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    private static CompiledGraph Compile(Func<NestedState, NodeContext, NestedState> node) =>
        GraphCompiler.Compile("nested", new Lambda<NestedState>(graph => graph.AddPath(Node.Start, graph.AddNode("node", node), Node.End)));

    public sealed record NestedState : GraphState
    {
        public JsonElement? Value { get; init; }
    }
}
