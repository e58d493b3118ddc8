namespace OrleansRuns.Graphs.Tests;

/// <summary>Totals are exact: what a type cannot hold is refused, and nothing else.</summary>
public sealed class TotalTests
{
    [Fact]
    public async Task Step_ParallelNodesTakeAndAdd_GivesTheSum()
    {
        var graph = GraphCompiler.Compile("stock", new Lambda<StockState>(builder =>
        {
            var take = builder.AddNode("a", (state, _) => state with { Stock = state.Stock - 7 + 1 - 1 });
            var add = builder.AddNode("b", (state, _) => state with { Stock = state.Stock + 4 });
            builder.AddPath(Node.Start, take, Node.End);
            builder.AddPath(Node.Start, add, Node.End);
        }));
        var begin = graph.Begin("""{"stock": 5}""");

        var end = await graph.StepAsync(begin);

        Assert.Equal("""{"stock":2}""", graph.ToJson(end).ToJsonString());
    }

    [Fact]
    public void ApplyUpdate_AmountTaken_IsTaken()
    {
        var graph = GraphCompiler.Compile("stock", new Lambda<StockState>(builder =>
            builder.AddPath(Node.Start, builder.AddNode("a", (state, _) => state), Node.End)));
        var begin = graph.Begin("""{"stock": 5}""");

        var edited = graph.ApplyUpdate(begin, [], TestGraph.Json("""{"stock": -3}"""), "a").Commit("1");

        Assert.Equal("""{"stock":2}""", graph.ToJson(edited).ToJsonString());
        Assert.Throws<GraphInputException>(() => graph.ApplyUpdate(begin, [], TestGraph.Json("""{"stock": -6}"""), "a"));
        Assert.Throws<GraphInputException>(() => graph.ApplyUpdate(begin, [], TestGraph.Json("""{"stock": -1.5}"""), "a"));
        Assert.Throws<GraphInputException>(
            () => graph.ApplyUpdate(begin, [], TestGraph.Json("""{"stock": {"__overwrite__": -1}}"""), "a"));
    }

    [Fact]
    public void Value_MoreTakenThanThereIs_DoesNotFit()
    {
        var total = default(Total<uint>).Overwrite(3);

        Assert.Equal(1u, (total - 2).Value);
        Assert.Throws<OverflowException>(() => (total - 4).Value);
    }

    [Fact]
    public void Value_DecimalThatWouldBeRounded_DoesNotFit()
    {
        var large = default(Total<decimal>).Overwrite(decimal.MaxValue);

        Assert.Throws<OverflowException>(() => (large - 0.1m).Value);
        Assert.Throws<OverflowException>(() => default(Total<decimal>) + 0.1m + decimal.MaxValue);
        Assert.Equal(decimal.MaxValue - 1, (large - 1).Value);
        Assert.Equal(0.3m, (default(Total<decimal>) + 0.1m + 0.2m).Value);
    }

    [Theory]
    [InlineData("[200,100,-100]", 205)]
    [InlineData("[-7,4]", 2)]
    public void Fold_PartOfTheSumDoesNotFit_TheSumCounts(string amounts, int sum)
    {
        var deltas = TestGraph.Json(amounts).EnumerateArray().Select(amount => new ChannelDelta("n", amount)).ToList();

        var folded = new TotalRules<byte>().Fold(default(Total<byte>).Overwrite(5), deltas, "stock");

        Assert.Equal(sum, folded.Value.Value);
    }

    [Fact]
    public void Fold_DecimalsThatWouldBeRounded_AreRefused()
    {
        var deltas = TestGraph.Json("[79228162514264337593543950335,0.1]").EnumerateArray().Select(amount => new ChannelDelta("n", amount));

        var error = Assert.Throws<GraphUpdateException>(() => new TotalRules<decimal>().Fold(default, [.. deltas], "sum"));

        Assert.Contains("no longer fits a Decimal", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UpdateSchema_TypeWithoutNegativeNumbers_AllowsWhatIsTaken()
    {
        var schema = StateModelTests.Create<StockState>().UpdateSchema["properties"]!["stock"]!["anyOf"]!;

        Assert.Equal("""{"type":"integer","minimum":-4294967295,"maximum":4294967295}""", schema[0]!.ToJsonString());
    }

    public sealed record StockState : GraphState
    {
        public Total<uint> Stock { get; init; }
    }
}
