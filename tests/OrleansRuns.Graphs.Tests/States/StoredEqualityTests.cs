using System.Collections.Immutable;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Values are the same to a channel when what is stored of them is, whatever their types' own equality says.</summary>
public sealed class StoredEqualityTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void UnionSet_ItemsEqualOnlyInTheirJson_AreOneItemAndCanBeRemoved()
    {
        var set = default(UnionSet<Tagged>).With(new("a", ["t"])).With(new("a", ["t"])).With(new("b", ["t"]));

        Assert.Equal(2, set.Count);
        Assert.True(set.Contains(new("a", ["t"])));
        Assert.Equal("b", Assert.Single(set.Without(new("a", ["t"]))).Name);
        Assert.Equal(set, default(UnionSet<Tagged>).With(new("b", ["t"])).With(new("a", ["t"])));
    }

    [Fact]
    public async Task Fold_ItemTakenOutOfASetThatWasRead_IsGone()
    {
        var graph = Compile((state, _) => state with { Tags = state.Tags.Without(state.Tags.First()) });
        var begin = graph.Begin("""{"tags":[{"name":"a","labels":["t"]},{"name":"b","labels":[]}]}""");

        var ended = await graph.StepAsync(begin);

        Assert.Equal("""[{"name":"b","labels":[]}]""", graph.ToJson(ended)["tags"]!.ToJsonString());
    }

    [Fact]
    public async Task Fold_ChangeThatItsTypesEqualityDoesNotSee_IsWritten()
    {
        var graph = Compile((state, _) => state with
        {
            At = state.At.ToOffset(TimeSpan.FromHours(9)),
            Owner = state.Owner! with { Name = "Grace" },
        });
        var begin = graph.Begin("""{"at":"2026-01-02T12:00:00+00:00","owner":{"id":1,"name":"Ada"}}""");

        var ended = graph.ToJson(await graph.StepAsync(begin));

        Assert.Equal("2026-01-02T21:00:00+09:00", ended["at"]!.GetValue<string>());
        Assert.Equal("Grace", ended["owner"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Fold_ChangeInAMapThatItsTypesEqualityDoesNotSee_IsWritten()
    {
        var graph = Compile((state, _) => state with
        {
            Owners = state.Owners.With("car", state.Owners["car"] with { Name = "Grace" }),
            Times = state.Times.With("start", state.Times["start"].ToOffset(TimeSpan.FromHours(9))),
        });
        var begin = graph.Begin(
            """{"owners":{"car":{"id":1,"name":"Ada"}},"times":{"start":"2026-01-02T12:00:00+00:00"}}""");

        var ended = graph.ToJson(await graph.StepAsync(begin));

        Assert.Equal("Grace", ended["owners"]!["car"]!["name"]!.GetValue<string>());
        Assert.Equal("2026-01-02T21:00:00+09:00", ended["times"]!["start"]!.GetValue<string>());
    }

    [Fact]
    public async Task Fold_ListOverwrittenByItemsThatTheirTypesEqualityTakesForTheOld_IsWritten()
    {
        var graph = Compile((state, _) => state with
        {
            Log = state.Log.Overwrite(state.Log.Select(owner => owner with { Name = "Grace" })),
        });
        var begin = graph.Begin("""{"log":[{"id":1,"name":"Ada"}]}""");

        var ended = graph.ToJson(await graph.StepAsync(begin));

        Assert.Equal("Grace", ended["log"]![0]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Diff_EqualValuesMadeAnew_AreNoWrite()
    {
        var graph = Compile((state, _) => state with
        {
            At = Noon,
            Owner = new Owner { Id = 1, Name = "Ada" },
            Tags = state.Tags.With(new("a", ["t"])),
        });
        var begin = graph.Begin(
            """{"at":"2026-01-02T12:00:00+00:00","owner":{"id":1,"name":"Ada"},"tags":[{"name":"a","labels":["t"]}]}""");

        Assert.Null(Assert.Single(await graph.InvokeAllAsync(begin)).Update);
    }

    private static CompiledGraph Compile(Func<Things, NodeContext, Things> node) =>
        GraphCompiler.Compile("things", new Lambda<Things>(graph => graph.AddPath(Node.Start, graph.AddNode("node", node), Node.End)));

    public sealed record Tagged(string Name, ImmutableArray<string> Labels);

    public sealed record Owner
    {
        public int Id { get; init; }

        public string? Name { get; init; }

        public bool Equals(Owner? other) => other?.Id == Id;

        public override int GetHashCode() => Id;
    }

    public sealed record Things : GraphState
    {
        public UnionSet<Tagged> Tags { get; init; }

        public DateTimeOffset At { get; init; }

        public Owner? Owner { get; init; }

        public MergeMap<Owner> Owners { get; init; }

        public MergeMap<DateTimeOffset> Times { get; init; }

        public AppendList<Owner> Log { get; init; }
    }
}
