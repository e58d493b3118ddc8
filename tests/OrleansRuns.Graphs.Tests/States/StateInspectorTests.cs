using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Every mistake in a state that is found when its graph is built, each with the place and what to do.</summary>
public sealed class StateInspectorTests
{
    public static TheoryData<Action, string> Mistakes => new()
    {
        { Build<UnsealedState>, "The state UnsealedState is not sealed. Declare it as 'public sealed record UnsealedState : GraphState'." },
        { Build<EmptyState>, "The state EmptyState has no property." },
        { Build<SettableState>, "'Name' of SettableState has 'set'" },
        { Build<GetOnlyState>, "'Name' of GetOnlyState has no 'init'" },
        { Build<FieldState>, "'Name' of FieldState is a field." },
        { Build<IgnoredState>, "'Name' of IgnoredState has [JsonIgnore]" },
        { Build<ArrayState>, "'Names' of ArrayState can be changed in place." },
        { Build<ListState>, "'Names' of ListState can be changed in place." },
        { Build<DictionaryState>, "'Names' of DictionaryState can be changed in place." },
        { Build<NestedListState>, "'Names' of NestedListState can be changed in place." },
        { Build<ObjectState>, "'Thing' of ObjectState is an 'object'" },
        { Build<NestedSettableState>, "'Text' of SettableThing in 'Thing' of NestedSettableState has 'set'" },
        { Build<NestedIgnoredState>, "'Text' of IgnoredThing in 'Thing' of NestedIgnoredState has [JsonIgnore]" },
        { Build<NestedChannelState>, "is a AppendList, which merges only as a property of the state itself." },
        { Build<DefaultArrayState>, "'Names' of DefaultArrayState is an ImmutableArray without a default, which cannot be read." },
        { Build<InexactTotalState>, "'Sum' of InexactTotalState is a total of Double, which is not exact." },
        { Build<SameNameState>, "SameNameState has several properties whose name in JSON is 'name'" },
        { Build<SameButForCaseState>, "SameButForCaseState has several properties whose name in JSON is 'NAME', if case is left out." },
        { Build<HashSetState>, "'Names' of HashSetState can be changed in place." },
        { Build<ListInChannelState>, "'Names' of ListInChannelState can be changed in place." },
        { Build<PrivateSetState>, "'Name' of PrivateSetState has 'set'" },
        { Build<NestedObjectState>, "'Inner' of ObjectThing in 'Thing' of NestedObjectState is an 'object'" },
        { Build<StructState>, "'X' of SettablePoint in 'Points' of StructState has 'set'" },
        { Build<UntrackedListState>, "'Names' of UntrackedListState can be changed in place." },
        { Build<RandomDefaultState>, "The default of 'id' of RandomDefaultState differs from one construction to the next." },
    };

    public static TheoryData<Action, string> Losses => new()
    {
        { Build<ValueState<(string Term, int Count)>>, "'Value' of ValueState`1 is a ValueTuple, whose members JSON would lose." },
        { Build<ListState<(string Term, int Count)>>, "'Values' of ListState`1 is a ValueTuple, whose members JSON would lose." },
        { Build<ValueState<Tuple<int>>>, "is a Tuple, whose members JSON would lose." },
        { Build<ValueState<KeyValuePair<string, int>>>, "is a KeyValuePair, whose members JSON would lose." },
        { Build<ValueState<BigInteger?>>, "is a BigInteger, whose members JSON would lose." },
        { Build<ValueState<Range>>, "is a Range, whose members JSON would lose." },
        { Build<BigTotalState>, "'Sum' of BigTotalState is a total of BigInteger" },
        { Build<ValueState<GetOnlyThing>>, "'Text' of GetOnlyThing in 'Value' of ValueState`1 has no public 'init'" },
        { Build<ValueState<PrivateThing>>, "'Text' of PrivateThing in 'Value' of ValueState`1 has no public 'init'" },
        { Build<ValueState<FieldThing>>, "'X' of FieldThing in 'Value' of ValueState`1 is a field" },
        { Build<ValueState<Box<int>>>, "'Item' of Box in 'Value' of ValueState`1 has 'set'" },
        { Build<ValueState<Shape>>, "'Radius' of Circle in 'Value' of ValueState`1 has 'set'" },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public void Compile_TypeThatJsonWouldLose_IsReported(Action build, string message)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Compile_MistakeInTheState_IsReportedWithItsPlace(Action build, string message)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_ManyMistakesInTheState_AreReportedTogether()
    {
        var exception = Assert.Throws<GraphBuildException>(Build<WrongState>);

        Assert.All(
            ["is not sealed", "'Names' of WrongState can", "'Name' of WrongState has 'set'", "'Thing' of WrongState is an 'object'"],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_MistakesInStateAndGraph_AreReportedTogether()
    {
        var exception = Assert.Throws<GraphBuildException>(
            () => GraphCompiler.Compile("inspected", new Lambda<SettableState>(graph => graph.AddNode("lost", (state, _) => state))));

        Assert.Equal(2, exception.Problems.Count);
        Assert.StartsWith("'Name' of SettableState has 'set'", exception.Problems[0], StringComparison.Ordinal);
        Assert.StartsWith("No edge leaves Node.Start.", exception.Problems[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_EveryInspectedMistakeInOneState_IsReportedOnceEach()
    {
        var exception = Assert.Throws<GraphBuildException>(Build<HopelessState>);

        string[] expected =
        [
            "The state HopelessState is not sealed.",
            "'Field' of HopelessState is a field.",
            "'Settable' of HopelessState has 'set'",
            "'GetOnly' of HopelessState has no 'init'",
            "'Ignored' of HopelessState has [JsonIgnore]",
            "'Array' of HopelessState can be changed in place.",
            "'List' of HopelessState can be changed in place.",
            "'Dictionary' of HopelessState can be changed in place.",
            "'Thing' of HopelessState is an 'object'",
            "'Text' of SettableThing in 'Nested' of HopelessState has 'set'",
            "'Text' of IgnoredThing in 'NestedIgnored' of HopelessState has [JsonIgnore]",
            "'Texts' of ChannelThing in 'NestedChannel' of HopelessState is a AppendList",
            "'Unset' of HopelessState is an ImmutableArray without a default",
            "'Sum' of HopelessState is a total of Double",
            "HopelessState has several properties whose name in JSON is",
        ];
        Assert.All(expected, part => Assert.Single(exception.Problems, problem => problem.StartsWith(part, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, exception.Problems.Count);
    }

    [Fact]
    public void Compile_TypeThatContainsItself_IsNoMistake() => Build<RecursiveState>();

    [Fact]
    public void Compile_ComputedAndUntrackedMembers_AreNoMistake() => Build<FineState>();

    private static void Build<TState>()
        where TState : GraphState, new() =>
        GraphCompiler.Compile("inspected", new Lambda<TState>(graph =>
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End)));

    public record UnsealedState : GraphState
    {
        public string? Name { get; init; }
    }

    public sealed record EmptyState : GraphState;

    public sealed record SettableState : GraphState
    {
        public string? Name { get; set; }
    }

    public sealed record GetOnlyState : GraphState
    {
        public string? Name { get; }

        public int Number { get; init; }
    }

    public sealed record FieldState : GraphState
    {
#pragma warning disable CA1051 // The mistake that is looked for.
        public string? Name;
#pragma warning restore CA1051

        public int Number { get; init; }
    }

    public sealed record IgnoredState : GraphState
    {
        [JsonIgnore]
        public string? Name { get; init; }

        public int Number { get; init; }
    }

    public sealed record ArrayState : GraphState
    {
        public string[] Names { get; init; } = [];
    }

    public sealed record ListState : GraphState
    {
        public List<string> Names { get; init; } = [];
    }

    public sealed record DictionaryState : GraphState
    {
        public Dictionary<string, int> Names { get; init; } = [];
    }

    public sealed record NestedListState : GraphState
    {
        public ImmutableArray<List<string>> Names { get; init; } = [];
    }

    public sealed record ObjectState : GraphState
    {
        public object? Thing { get; init; }
    }

    public sealed record SettableThing
    {
        public string? Text { get; set; }
    }

    public sealed record NestedSettableState : GraphState
    {
        public SettableThing? Thing { get; init; }
    }

    public sealed record IgnoredThing
    {
        [JsonIgnore]
        public string? Text { get; init; }
    }

    public sealed record NestedIgnoredState : GraphState
    {
        public IgnoredThing? Thing { get; init; }
    }

    public sealed record ChannelThing
    {
        public AppendList<string> Texts { get; init; }
    }

    public sealed record NestedChannelState : GraphState
    {
        public ChannelThing? Thing { get; init; }
    }

    public sealed record DefaultArrayState : GraphState
    {
        public ImmutableArray<string> Names { get; init; }
    }

    public sealed record InexactTotalState : GraphState
    {
        public Total<double> Sum { get; init; }
    }

    public sealed record SameNameState : GraphState
    {
        public string? Name { get; init; }

        [JsonPropertyName("name")]
        public string? Title { get; init; }
    }

    public sealed record SameButForCaseState : GraphState
    {
        [JsonPropertyName("NAME")]
        public string? Title { get; init; }

        public string? Name { get; init; }
    }

    public sealed record HashSetState : GraphState
    {
        public HashSet<string> Names { get; init; } = [];
    }

    public sealed record ListInChannelState : GraphState
    {
        public MergeMap<List<string>> Names { get; init; }
    }

    public sealed record PrivateSetState : GraphState
    {
        public string? Name { get; private set; }
    }

    public sealed record ObjectThing(object? Inner);

    public sealed record NestedObjectState : GraphState
    {
        public AppendList<ObjectThing> Thing { get; init; }
    }

    public record struct SettablePoint(int X);

    public sealed record StructState : GraphState
    {
        public AppendList<SettablePoint?> Points { get; init; }
    }

    public sealed record UntrackedListState : GraphState
    {
        [Untracked]
        public List<string> Names { get; init; } = [];
    }

    public record HopelessState : GraphState
    {
#pragma warning disable CA1051 // The mistake that is looked for.
        public string? Field;
#pragma warning restore CA1051

        public string? Settable { get; set; }

        public string? GetOnly { get; }

        [JsonIgnore]
        public string? Ignored { get; init; }

        public string[] Array { get; init; } = [];

        public List<string> List { get; init; } = [];

        public Dictionary<string, int> Dictionary { get; init; } = [];

        public object? Thing { get; init; }

        public SettableThing? Nested { get; init; }

        public IgnoredThing? NestedIgnored { get; init; }

        public ChannelThing? NestedChannel { get; init; }

        public ImmutableArray<string> Unset { get; init; }

        public Total<double> Sum { get; init; }

        public string? Same { get; init; }

        [JsonPropertyName("same")]
        public string? Twin { get; init; }
    }

    public sealed record ValueState<T> : GraphState
    {
        public T? Value { get; init; }
    }

    public sealed record ListState<T> : GraphState
    {
        public AppendList<T> Values { get; init; }
    }

    public sealed record BigTotalState : GraphState
    {
        public Total<BigInteger> Sum { get; init; }
    }

    public sealed record GetOnlyThing(string Given)
    {
        public string Text { get; } = Given;
    }

    public sealed record PrivateThing
    {
        public string? Text { get; private init; }
    }

    public struct FieldThing
    {
#pragma warning disable CA1051 // The mistake that is looked for.
        public int X;
#pragma warning restore CA1051
    }

    public sealed record Box<T>
    {
        public T? Item { get; set; }
    }

    [JsonDerivedType(typeof(Circle), "circle")]
    public record Shape;

    public sealed record Circle : Shape
    {
        public int Radius { get; set; }
    }

    public sealed record Tree(string Name, ImmutableArray<Tree> Below);

    public sealed record RecursiveState : GraphState
    {
        public Tree? Tree { get; init; }
    }

    public sealed record RandomDefaultState : GraphState
    {
        public Guid Id { get; init; } = Guid.NewGuid();
    }

    public record WrongState : GraphState
    {
        public string? Name { get; set; }

        public object? Thing { get; init; }

        public List<string> Names { get; init; } = [];
    }

    public sealed record FineState : GraphState
    {
        public string Name { get; init; } = "";

        public string Upper => Name.ToUpperInvariant();

        [Untracked]
        public string? Local { get; init; }

        public ImmutableArray<string> Names { get; init; } = [];
    }
}
