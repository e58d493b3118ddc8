using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Which collections a state may hold: those that no node can change in place.</summary>
public sealed class StateCollectionTests
{
    /// <summary>Gets builds of states with a collection that a node could change in place.</summary>
    public static TheoryData<Action> Mutable =>
    [
        Build<IList<int>>,
        Build<ICollection<int>>,
        Build<ISet<int>>,
        Build<IDictionary<string, int>>,
        Build<Queue<int>>,
        Build<Stack<int>>,
        Build<LinkedList<int>>,
        Build<SortedSet<int>>,
        Build<SortedDictionary<string, int>>,
        Build<ConcurrentDictionary<string, int>>,
        Build<ConcurrentQueue<int>>,
        Build<ObservableCollection<int>>,
        Build<JsonObject>,
        Build<JsonNode>,
        Build<OwnList>,
        Build<ImmutableArray<List<int>>>,
        Build<Memory<int>>,
    ];

    /// <summary>Gets builds of states with a collection that JSON turns round.</summary>
    public static TheoryData<Action> Reversed =>
    [
        Build<ImmutableStack<int>>,
        Build<IImmutableStack<int>>,
    ];

    /// <summary>Gets builds of states with a collection whose order is another one in every process.</summary>
    public static TheoryData<Action> Unordered =>
    [
        Build<ImmutableHashSet<string>>,
        Build<ImmutableDictionary<string, int>>,
        Build<IImmutableSet<string>>,
        Build<FrozenSet<string>>,
        Build<FrozenDictionary<string, int>>,
        Build<ImmutableArray<ImmutableHashSet<string>>>,
    ];

    /// <summary>Gets builds of states with a collection that no node can change in place.</summary>
    public static TheoryData<Action> Immutable =>
    [
        Build<IReadOnlyList<int>>,
        Build<IReadOnlyDictionary<string, int>>,
        Build<IEnumerable<int>>,
        Build<ImmutableList<int>>,
        Build<ImmutableSortedDictionary<string, int>>,
        Build<JsonElement?>,
    ];

    [Theory]
    [MemberData(nameof(Reversed))]
    public void Compile_CollectionThatIsReadBackInReverse_IsReported(Action build)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains("is read back in the reverse order", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Mutable))]
    public void Compile_CollectionThatANodeCouldChange_IsReported(Action build)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains("can be changed in place.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Unordered))]
    public void Compile_CollectionWithoutAnOrder_IsReported(Action build)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains("has another order in every process, and so other bytes. Use ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_CollectionThatJsonCannotRead_IsReported()
    {
        var exception = Assert.Throws<GraphBuildException>(Build<ReadOnlyCollection<int>>);

        Assert.Contains("is a ReadOnlyCollection, which cannot be read from JSON: ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Immutable))]
    public void Compile_CollectionThatNoNodeCanChange_IsNoMistake(Action build) => build();

    private static void Build<T>() =>
        GraphCompiler.Compile("inspected", new Lambda<HoldingState<T>>(graph =>
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End)));

    public sealed class OwnList : List<int>;

    public sealed record HoldingState<T> : GraphState
    {
        public T? Value { get; init; }
    }
}
