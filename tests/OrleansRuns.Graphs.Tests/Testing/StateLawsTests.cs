using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs.Tests;

public sealed class StateLawsTests
{
    [Fact]
    public void CheckChange_EveryKindOfChannel_GivesTheStateToGoOnFrom()
    {
        var state = StateLaws.CheckChange(new BagState { Flash = "now" }, given => given with
        {
            Title = "t",
            Words = given.Words.Append("w"),
            Sum = given.Sum + 2,
            Tags = given.Tags.With(1),
            Scores = given.Scores.With("k", 3),
            Talk = given.Talk.Put(new Message { Id = "m", Type = "ai" }),
            Peak = new Peak(4),
            Scratch = "here",
        });

        state = StateLaws.CheckChange(state, given => given with { Words = given.Words.Append("x"), Tags = given.Tags.Without(1) });

        Assert.Equal(["w", "x"], state.Words);
        Assert.Equal((0, 2L, 3, 4), (state.Tags.Count, state.Sum.Value, state.Scores["k"], state.Peak.Value));
    }

    [Fact]
    public void CheckChange_ValueThatLosesSomethingOnItsWay_NamesTheChannel()
    {
        var error = Assert.Throws<StateLawException>(
            () => StateLaws.CheckChange(new CutState(), state => state with { Cut = Cut.Of("abcdef"), Whole = "abcdef" }));

        Assert.Equal(
            """What was returned is not what is stored: 'cut' was returned as {"text":"abcdef"} and read back as {"text":"abc"}.""",
            error.Message);
    }

    [Fact]
    public void CheckMerge_HighestOfAll_Passes() => StateLaws.CheckMerge([new Peak(0), new Peak(3), new Peak(5), new Peak(9)]);

    [Fact]
    public void CheckMerge_LastOneWins_NamesTheValues()
    {
        var error = Assert.Throws<StateLawException>(() => StateLaws.CheckMerge([new Last("a"), new Last("b")]));

        Assert.Equal(
            """The merge of Last depends on the order of the nodes. Before: {"text":"a"}; merged so far: {"text":"a"}. """
            + """Then {"text":"a"} and {"text":"b"} give {"text":"b"}, but the other way round {"text":"a"}.""",
            error.Message);
    }

    [Fact]
    public void CheckMerge_OrderOfTheSecondAndThirdCounts_IsFound()
    {
        // The first two may be exchanged: only a third value shows it.
        var error = Assert.Throws<StateLawException>(() => StateLaws.CheckMerge([new Later(0, 0), new Later(1, 0), new Later(2, 0)]));

        Assert.Contains("depends on the order of the nodes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckMerge_TooFewValues_SaysHowMany()
    {
        var error = Assert.Throws<ArgumentException>(() => StateLaws.CheckMerge([new Peak(1)]));

        Assert.StartsWith("1 values were given. Give 2 to 20.", error.Message, StringComparison.Ordinal);
    }

    internal sealed record CutState : GraphState
    {
        public Cut Cut { get; init; } = new("");

        public string? Whole { get; init; }
    }

    /// <summary>Keeps three characters when it is read back.</summary>
    [method: JsonConstructor]
    internal sealed record Cut(string Text)
    {
        public string Text { get; init; } = Text[..Math.Min(3, Text.Length)];

        internal static Cut Of(string text) => new("") { Text = text };
    }

    private sealed record Last(string Text) : IMergeable<Last>
    {
        public static Last Merge(Last before, Last current, Last incoming) => incoming;
    }

    /// <summary>Takes whatever is merged second for the greater of both, and after that the last.</summary>
    private sealed record Later(int Value, int Merged) : IMergeable<Later>
    {
        public static Later Merge(Later before, Later current, Later incoming) =>
            current.Merged < 2
                ? new Later(Math.Max(current.Value, incoming.Value), current.Merged + 1)
                : new Later(incoming.Value, current.Merged + 1);
    }
}
