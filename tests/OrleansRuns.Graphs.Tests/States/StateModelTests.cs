using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

public sealed partial class StateModelTests
{
    private static readonly StateModel<BagState> Model = Create<BagState>();

    [Fact]
    public void Diff_SameReference_IsNoWrite()
    {
        var given = StateModel<BagState>.Give(Model.Initial);

        var update = Model.Diff(given, given, "n", "t");

        Assert.Null(update);
    }

    [Fact]
    public void Diff_EqualValues_IsNoWrite()
    {
        var given = StateModel<BagState>.Give(Model.Initial);

        var update = Model.Diff(
            given, given with { Title = "", Paths = [], Sum = given.Sum + 0, Tags = given.Tags.With(1).Without(1) }, "n", "t");

        Assert.Null(update);
    }

    [Fact]
    public void Diff_NewState_IsRefused()
    {
        var given = StateModel<BagState>.Give(Model.Initial);

        var exception = Assert.Throws<GraphUpdateException>(() => Model.Diff(given, new BagState { Title = "x" }, "count", "t"));

        Assert.Contains(
            "'count' returned a state that was not made from the one it was given", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Diff_StateOfAnotherCall_IsRefused()
    {
        var given = StateModel<BagState>.Give(Model.Initial);
        var other = StateModel<BagState>.Give(Model.Initial);

        Assert.Throws<GraphUpdateException>(() => Model.Diff(given, other with { Title = "x" }, "n", "t"));
    }

    /// <summary>Gets nodes that write a channel which was not made from the given one, or holds what it must not.</summary>
    public static TheoryData<Func<BagState, BagState>, string> Mistakes => new()
    {
        { state => state with { Words = [] }, "The list of channel 'words' of node 'n' was not made from the list of the given state." },
        { state => state with { Words = Other.Words }, "The list of channel 'words' of node 'n' was not made from" },
        { state => state with { Sum = default }, "The total of channel 'sum' of node 'n' was not made from the total of the given state." },
        { state => state with { Sum = Other.Sum + 1 }, "The total of channel 'sum' of node 'n' was not made from" },
        { state => state with { Tags = default }, "The set of channel 'tags' of node 'n' was not made from the set of the given state." },
        { state => state with { Tags = Other.Tags.With(9) }, "The set of channel 'tags' of node 'n' was not made from" },
        { state => state with { Scores = default }, "The map of channel 'scores' of node 'n' was not made from the map of the given" },
        { state => state with { Scores = Other.Scores.With("x", 1) }, "The map of channel 'scores' of node 'n' was not made from" },
        { state => state with { Talk = [] }, "The conversation of channel 'talk' of node 'n' was not made from that of the given state." },
        { state => state with { Talk = Other.Talk.Put(Say("x")) }, "The conversation of channel 'talk' of node 'n' was not made from" },
        { state => state with { Title = null! }, "Node 'n' set channel 'title' to null, which its type does not allow." },
    };

    private static BagState Other { get; } = Fold(Full(), state => state with { Sum = state.Sum + 1 }).After;

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Diff_ValueThatWouldLoseWrites_IsRefusedWithItsPlace(Func<BagState, BagState> node, string message)
    {
        var refused = Assert.Throws<GraphUpdateException>(() => Write(Full(), node));

        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_UnknownMessage_NamesIt()
    {
        var refused = Assert.Throws<GraphUpdateException>(() => Full().Talk.Remove("nobody"));

        Assert.Equal("There is no message 'nobody' to remove; the conversation has 1.", refused.Message);
    }

    [Fact]
    public void Fold_TotalThatDoesNotFit_NamesTheChannel()
    {
        var most = Write(Model.Initial, state => state with { Sum = state.Sum + long.MaxValue });

        var refused = Assert.Throws<GraphUpdateException>(
            () => Model.Fold(Model.Initial, [new ChannelWrite("one", "1", most), new ChannelWrite("two", "2", most)]));

        Assert.Equal("The total of channel 'sum' no longer fits a Int64.", refused.Message);
    }

    [Fact]
    public void Diff_EveryChannel_IsReadOff()
    {
        var update = Write(Model.Initial, state => state with
        {
            Title = "a",
            Words = state.Words.Append("x").Append("y"),
            Sum = state.Sum + 5 - 2,
            Tags = state.Tags.With(3),
            Scores = state.Scores.With("k", 1),
            Talk = state.Talk.Put(new Message { Type = "human", Content = "hi" }),
        });

        Assert.Equal(
            """{"scores":{"k":1},"sum":3,"tags":[3]"""
            + ""","talk":[{"id":"task/0","type":"human","content":"hi","name":null}],"title":"a","words":["x","y"]}""",
            update!.Value.GetRawText());
    }

    [Fact]
    public void Fold_ParallelWrites_AreMergedInTaskOrder()
    {
        var first = Write(Model.Initial, state => state with { Words = state.Words.Append("a"), Sum = state.Sum + 1, Title = "same" });
        var second = Write(Model.Initial, state => state with { Words = state.Words.Append("b"), Sum = state.Sum + 2, Title = "same" });

        var folded = Model.Fold(Model.Initial, [new ChannelWrite("one", "1", first), new ChannelWrite("two", "2", second)]);

        Assert.Equal(["a", "b"], folded.After.Words);
        Assert.Equal(3, folded.After.Sum.Value);
        Assert.Equal("same", folded.After.Title);
        Assert.Equal("""{"type":"append_list","op":"append","value":["a","b"]}""", folded.Operations["words"].GetRawText());
    }

    public static TheoryData<string, Func<BagState, BagState>, Func<BagState, BagState>> Conflicts => new()
    {
        { "title", state => state with { Title = "a" }, state => state with { Title = "b" } },
        { "words", state => state with { Words = state.Words.Overwrite(["a"]) }, state => state with { Words = state.Words.Append("b") } },
        { "sum", state => state with { Sum = state.Sum.Overwrite(1) }, state => state with { Sum = state.Sum + 1 } },
        {
            "scores",
            state => state with { Scores = state.Scores.With("k", 1) },
            state => state with { Scores = state.Scores.With("k", 2) }
        },
        { "talk", state => state with { Talk = state.Talk.RemoveAll() }, state => state with { Talk = state.Talk.Put(Say("n")) } },
    };

    [Theory]
    [MemberData(nameof(Conflicts))]
    public void Fold_ConflictingWrites_NameChannelAndNodes(
        string channel, Func<BagState, BagState> one, Func<BagState, BagState> two)
    {
        var before = Fold(Seeded(), state => state with { Talk = state.Talk.Put(Say("m")) }).After;
        var first = Write(before, one);
        var second = Write(before, two);

        var exception = Assert.Throws<GraphUpdateException>(
            () => Model.Fold(before, [new ChannelWrite("left", "1", first), new ChannelWrite("right", "2", second)]));

        Assert.Contains($"'{channel}'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'left' and 'right'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fold_SetItemAddedAndRemoved_NamesBothNodes()
    {
        var first = Write(Seeded(), state => state with { Tags = state.Tags.With(8) });
        var second = JsonSerializer.SerializeToElement(new { tags = new { add = Array.Empty<int>(), remove = new[] { 8 } } });

        var exception = Assert.Throws<GraphUpdateException>(
            () => Model.Fold(Seeded(), [new ChannelWrite("left", "1", first), new ChannelWrite("right", "2", second)]));

        Assert.Contains("'left' and 'right'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fold_ParallelAppendsToOneGivenList_DoNotSeeEachOther()
    {
        var given = Seeded();
        var left = StateModel<BagState>.Give(given);
        var right = StateModel<BagState>.Give(given);

        var leftAfter = left with { Words = left.Words.Append("l") };
        var rightAfter = right with { Words = right.Words.Append("r") };

        Assert.Equal(["seed", "l"], leftAfter.Words);
        Assert.Equal(["seed", "r"], rightAfter.Words);
        Assert.Equal(["seed"], given.Words);
    }

    [Theory]
    [InlineData("""{"talk":null}""", "$.talk")]
    [InlineData("""{"talk":[null]}""", "$.talk[0]")]
    [InlineData("""{"talk":{"type":"remove","id":5}}""", "$.talk")]
    [InlineData("""{"peak":{}}""", "$.peak")]
    public void CheckUpdate_WhatOnlySeemsToFit_IsRefusedWithItsPath(string update, string path)
    {
        var refused = Assert.Throws<GraphInputException>(
            () => Model.CheckUpdate(JsonSerializer.Deserialize<JsonElement>(update), "the update", "task"));

        Assert.StartsWith(path, refused.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Serialize_WhatJsonHasNot_IsRefusedWithItsPlace()
    {
        var refused = Assert.Throws<GraphUpdateException>(() => GraphJson.Serialize(double.NaN, "channel 'rate' of node 'count'"));

        Assert.Contains("channel 'rate' of node 'count'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fold_MergeThrows_NamesTheChannel()
    {
        var model = Create<BrokenState>();
        var given = StateModel<BrokenState>.Give(model.Initial);
        var update = model.Diff(given, given with { Value = new Broken(1) }, "n", "t");

        var refused = Assert.Throws<GraphUpdateException>(() => model.Fold(model.Initial, [new("n", "t", update)]));

        Assert.Contains("'value'", refused.Message, StringComparison.Ordinal);
        Assert.IsType<IOException>(refused.InnerException);
    }

    [Fact]
    public void UnionSet_OfTextsWhoseHashesDifferByProcess_IsEnumeratedInOneOrder()
    {
        var texts = Enumerable.Range(0, 100).Select(number => $"item {number:D3}").ToList();

        var set = texts.AsEnumerable().Reverse().Aggregate(default(UnionSet<string>), (all, text) => all.With(text));

        Assert.Equal(texts, set);
    }

    [Fact]
    public void Peek_StepIsNotOver_KeepsWhatLivesForIt()
    {
        var written = Fold(Model.Initial, state => state with { Flash = "now" });

        var seen = Model.Peek(written.After, new("n", "t", Write(written.After, state => state with { Title = "new" })));

        Assert.Equal(("now", "new"), (seen.Flash, seen.Title));
    }

    [Fact]
    public void Peek_LongList_LeavesTheFoldNothingToCopy()
    {
        const int Rounds = 50;
        var state = Fold(Model.Initial, given => given with { Words = given.Words.AppendRange(Enumerable.Repeat("word", 10_000)) }).After;
        state = Fold(state, given => given with { Words = given.Words.Append("room") }).After;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < Rounds; round++)
        {
            var write = Write(state, given => given with { Words = given.Words.Append("more") });
            Assert.Equal(state.Words.Count + 1, Model.Peek(state, new("n", "t", write)).Words.Count);
            state = Model.Fold(state, [new("n", "t", write)]).After;
        }

        // The list alone is 80 kB of references.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Rounds, 1, 40_000);
    }

    [Fact]
    public void Fold_EphemeralNotWritten_IsReset()
    {
        var written = Fold(Model.Initial, state => state with { Flash = "now" });
        var next = Model.Fold(written.After, []);

        Assert.Equal("now", written.After.Flash);
        Assert.Null(next.After.Flash);
        Assert.True(next.Operations.ContainsKey("flash"));
        Assert.Empty(Model.Fold(next.After, []).Operations);
    }

    [Fact]
    public void Fold_Untracked_IsLiveButNotStored()
    {
        var folded = Fold(Model.Initial, state => state with { Scratch = "live" });

        Assert.Equal("live", folded.After.Scratch);
        Assert.Empty(folded.Operations);
        Assert.DoesNotContain("scratch", Model.Snapshot(folded.After).Keys);
    }

    [Fact]
    public void Fold_Mergeable_IsStoredAsTheFoldedValue()
    {
        var first = Write(Model.Initial, state => state with { Peak = new Peak(3) });
        var second = Write(Model.Initial, state => state with { Peak = new Peak(7) });

        var folded = Model.Fold(Model.Initial, [new ChannelWrite("a", "1", first), new ChannelWrite("b", "2", second)]);

        Assert.Equal(7, folded.After.Peak.Value);
        Assert.Equal("""{"type":"mergeable","op":"set","value":{"value":7}}""", folded.Operations["peak"].GetRawText());
    }

    [Fact]
    public void Fold_UnknownChannel_ListsTheNamesThereAre()
    {
        var write = new ChannelWrite("n", "t", JsonSerializer.SerializeToElement(new { nope = 1 }));

        var exception = Assert.Throws<GraphUpdateException>(() => Model.Fold(Model.Initial, [write]));

        Assert.Contains("unknown channel 'nope'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("title", exception.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BadUpdates => new()
    {
        { """[1]""", "$" },
        { """{"nope":1}""", "$.nope" },
        { """{"title":5}""", "$.title" },
        { """{"title":null}""", "$.title" },
        { """{"sum":"5"}""", "$.sum" },
        { """{"words":["a",1]}""", "$.words[1]" },
        { """{"peak":{"value":1,"more":2}}""", "$.peak.more" },
        { """{"scores":{"k":"x"}}""", "$.scores.k" },
        { """{"talk":[{"type":"remove","content":"no id"}]}""", "$.talk[0]" },
        { """{"talk":[null]}""", "$.talk[0]" },
    };

    [Theory]
    [MemberData(nameof(BadUpdates))]
    public void CheckUpdate_Misfit_NamesThePath(string json, string path)
    {
        var update = JsonSerializer.Deserialize<JsonElement>(json);

        var exception = Assert.Throws<GraphInputException>(() => Model.CheckUpdate(update, "the input", "task"));

        Assert.Equal(path, exception.Path);
        Assert.Contains($"'{path}'", exception.Message, StringComparison.Ordinal);
    }

    internal static StateModel<TState> Create<TState>()
        where TState : GraphState, new()
    {
        var problems = new List<string>();
        var model = StateModel<TState>.Create(problems);
        Assert.True(problems.Count == 0, string.Join("; ", problems));
        return model!;
    }

    private static BagState Seeded() =>
        Fold(Model.Initial, state => state with { Words = state.Words.Append("seed"), Tags = state.Tags.With(7) }).After;

    private static BagState Full() => Fold(Model.Initial, state => state with
    {
        Words = state.Words.Append("seed"),
        Sum = state.Sum + 3,
        Tags = state.Tags.With(7),
        Scores = state.Scores.With("k", 1),
        Talk = state.Talk.Put(Say("m")),
    }).After;

    private static Message Say(string id) => new() { Id = id, Type = "human", Content = id };

    private static StateFold<BagState> Fold(BagState before, Func<BagState, BagState> node) =>
        Model.Fold(before, [new ChannelWrite("n", "t", Write(before, node))]);

    private static JsonElement? Write(BagState before, Func<BagState, BagState> node)
    {
        var given = StateModel<BagState>.Give(before);
        return Model.Diff(given, node(given), "n", "task");
    }
}

/// <summary>A state whose merge throws.</summary>
public sealed record BrokenState : GraphState
{
    public Broken Value { get; init; } = new(0);
}

public sealed record Broken(int Number) : IMergeable<Broken>
{
    public static Broken Merge(Broken before, Broken current, Broken incoming) => throw new IOException("The disk is gone.");
}
