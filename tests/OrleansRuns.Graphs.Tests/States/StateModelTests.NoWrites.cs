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
}

public sealed record MapState : GraphState
{
    public MergeMap<ImmutableArray<string>> Values { get; init; }
}
