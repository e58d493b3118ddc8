using System.Collections.Immutable;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What is read off a state as a whole: its mistakes in one list, and the schemas of its channels.</summary>
public sealed class StateChannelsTests
{
    [Fact]
    public void Create_MistakesOfEveryKind_AreReportedTogether()
    {
        var problems = new List<string>();

        Assert.Null(StateModel<ManyMistakesState>.Create(problems));

        string[] expected =
        [
            "'Names' of ManyMistakesState can be changed in place.",
            "'Open' of ManyMistakesState has 'set'",
            "'second' of ManyMistakesState has the former name 'first', which is also that of 'first'.",
            "The default of 'id' of ManyMistakesState differs from one construction to the next.",
            "The default of 'open' of ManyMistakesState differs from one construction to the next.",
        ];
        Assert.Equal(expected.Length, problems.Count);
        Assert.All(expected, text => Assert.Contains(problems, problem => problem.StartsWith(text, StringComparison.Ordinal)));
    }

    [Fact]
    public void Create_TypesThatCannotBeReadFromJson_AreNamedWithTheReason()
    {
        var problems = new List<string>();

        Assert.Null(StateModel<UnreadableState>.Create(problems));

        Assert.Equal(3, problems.Count);
        Assert.StartsWith("'Face' of UnreadableState is a IFace, which cannot be read from JSON: ", problems[0], StringComparison.Ordinal);
        Assert.StartsWith("'Bases' of UnreadableState is a Base, which cannot be read from JSON: ", problems[1], StringComparison.Ordinal);
        Assert.StartsWith("'Other' of UnreadableState is a Misnamed, which cannot be read", problems[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ConstructorThatWantsMoreThanNothing_IsNoMistake() =>
        Assert.NotNull(StateModelTests.Create<PickyState>());

    [Fact]
    public void UpdateSchema_EachKind_TellsTheFormOfItsDelta()
    {
        var deltas = StateModelTests.Create<BagState>().UpdateSchema["properties"]!;

        Assert.Contains("__overwrite__", deltas["words"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("__overwrite__", deltas["sum"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("remove", deltas["tags"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(
            """{"anyOf":[{"type":"integer","minimum":-2147483648,"maximum":2147483647},{"type":"null"}]}""",
            deltas["scores"]!["additionalProperties"]!.ToJsonString());
        Assert.Null(deltas["scratch"]);
    }

    [Fact]
    public void Diff_NullUnderAKey_IsRefusedForIsWouldRemoveTheKey()
    {
        var model = StateModelTests.Create<NotesState>();
        var given = StateModel<NotesState>.Give(model.Initial);

        var error = Assert.Throws<GraphUpdateException>(
            () => model.Diff(given, given with { Notes = given.Notes.With("a", null!) }, "n", "t"));

        Assert.Contains("has a null under 'a', which would remove the key. Use Without", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Diff_ChangedValueUnderAKeyCannotBeStored_NamesTheKey()
    {
        var model = StateModelTests.Create<RatesState>();
        var given = StateModel<RatesState>.Give(new RatesState { Rates = model.Initial.Rates.With("a", 1) });

        var error = Assert.Throws<GraphUpdateException>(
            () => model.Diff(given, given with { Rates = given.Rates.With("a", double.NaN) }, "n", "t"));

        Assert.Contains("key 'a' of channel 'rates'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"words":["a",null]}""", "$.words[1]")]
    [InlineData("""{"words":{"__overwrite__":[null]}}""", "$.words.__overwrite__[0]")]
    [InlineData("""{"paths":[null]}""", "$.paths[0]")]
    [InlineData("""{"byName":{"a":null}}""", "$.byName.a")]
    [InlineData("""{"box":{"items":["a",null]}}""", "$.box.items[1]")]
    [InlineData("""{"boxes":[{"items":["a"]},{"items":[null]}]}""", "$.boxes[1].items[0]")]
    public void CheckUpdate_NullWhereNoItemMayBe_IsRefusedWithItsPath(string update, string path)
    {
        var model = StateModelTests.Create<ItemsState>();

        var error = Assert.Throws<GraphInputException>(() => model.CheckUpdate(TestGraph.Json(update), "the input", "task"));

        Assert.Equal(path, error.Path);
        Assert.Equal($"At '{path}' the input is null, which is not allowed there.", error.Message);
    }

    [Theory]
    [InlineData("""{"maybe":["a",null]}""")]
    [InlineData("""{"words":["a"],"byName":{"a":"b"},"box":{"items":[]}}""")]
    [InlineData("""{"scores":{"gone":null}}""")]
    public void CheckUpdate_NullWhereItemsMayBe_Passes(string update)
    {
        var model = StateModelTests.Create<ItemsState>();

        Assert.Equal(update, model.CheckUpdate(TestGraph.Json(update), "the input", "task").GetRawText());
    }

    [Fact]
    public void ApplyInput_NullAmongTheItemsOfATypedInput_IsRefusedWithItsPath()
    {
        var graph = GraphCompiler.Compile("typed", new Lambda<TestState>(graph =>
        {
            graph.Input<Box>((state, box) => state with { Log = state.Log.AppendRange(box.Items) });
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
        }));

        var error = Assert.Throws<GraphInputException>(() => graph.Begin("""{"items":["a",null]}"""));

        Assert.Equal("$.items[1]", error.Path);
    }

    private static readonly Queue<int> Numbers = new(Enumerable.Range(0, 1000));

    public sealed record ManyMistakesState : GraphState
    {
        public List<string> Names { get; init; } = [];

        public int Open { get; set; } = Numbers.Dequeue();

        public int Id { get; init; } = Numbers.Dequeue();

        public string First { get; init; } = "";

        [FormerName("first")]
        public string Second { get; init; } = "";
    }

    public interface IFace
    {
        string Name { get; }
    }

    public abstract record Base;

    public sealed class Misnamed(string other)
    {
        public string Text { get; init; } = other;
    }

    public sealed record UnreadableState : GraphState
    {
        public IFace? Face { get; init; }

        public AppendList<Base> Bases { get; init; }

        public Misnamed? Other { get; init; }
    }

    public sealed record PickyState : GraphState
    {
        public Picky? Value { get; init; }
    }

    public sealed record Picky(string Text)
    {
        public string Text { get; init; } = Text ?? throw new InvalidOperationException("There has to be a text.");
    }

    public sealed record RatesState : GraphState
    {
        public MergeMap<double> Rates { get; init; }
    }

    public sealed record NotesState : GraphState
    {
        public MergeMap<string> Notes { get; init; }
    }

    public sealed record ItemsState : GraphState
    {
        public AppendList<string> Words { get; init; }

        public AppendList<string?> Maybe { get; init; }

        public ImmutableArray<string> Paths { get; init; } = [];

        public ImmutableSortedDictionary<string, string> ByName { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

        public MergeMap<string> Scores { get; init; }

        public Box Box { get; init; } = new() { Items = [] };

        public AppendList<Box> Boxes { get; init; }
    }

    public sealed record Box
    {
        public required ImmutableArray<string> Items { get; init; }
    }
}
