using System.Collections.Immutable;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Values that would come back as less than they were are refused with their place.</summary>
public sealed class StoredTypesTests
{
    public static TheoryData<Func<ZooState, ZooState>, string> Losses => new()
    {
        {
            state => state with { Star = new Bird { Name = "b", Wings = 2 } },
            "channel 'star' of node 'n' is declared as Animal but holds a Bird"
        },
        {
            state => state with { Cage = new Cage { Inside = new Bird { Name = "b", Wings = 2 } } },
            "member 'inside' of Cage is declared as Animal but holds a Bird"
        },
        {
            state => state with { All = state.All.Append(new Animal { Name = "a" }).Append(new Bird { Name = "b", Wings = 2 }) },
            "is declared as Animal but holds a Bird"
        },
        {
            state => state with { Pets = state.Pets.Add("p", new Bird { Name = "b", Wings = 2 }) },
            "is declared as Animal but holds a Bird"
        },
        {
            state => state with { Herds = state.Herds.Append([new Animal { Name = "a" }, new Bird { Name = "b", Wings = 2 }]) },
            "is declared as Animal but holds a Bird"
        },
        {
            state => state with { Homes = state.Homes.With("h", new Cage { Inside = new Bird { Name = "b", Wings = 2 } }) },
            "member 'inside' of Cage is declared as Animal but holds a Bird"
        },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public void Diff_DerivedTypeStoredAsItsBase_IsRefusedWithItsPlace(Func<ZooState, ZooState> change, string message)
    {
        var model = StateModelTests.Create<ZooState>();
        var given = StateModel<ZooState>.Give(model.Initial);

        var error = Assert.Throws<GraphUpdateException>(() => model.Diff(given, change(given), "n", "t"));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("Put [JsonDerivedType] for it on Animal, or declare the exact type.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Diff_ValueThatHoldsItself_IsRefusedWithItsPlace()
    {
        var model = StateModelTests.Create<ZooState>();
        var given = StateModel<ZooState>.Give(model.Initial);
        var next = new List<Ring>();
        next.Add(new Ring { Next = next });

        var error = Assert.Throws<GraphUpdateException>(() => model.Diff(given, given with { Ring = next[0] }, "n", "t"));

        Assert.Contains("The value of channel 'ring' of node 'n' cannot be stored as JSON", error.Message, StringComparison.Ordinal);
    }

    public sealed record ZooState : GraphState
    {
        public Animal? Star { get; init; }

        public Cage? Cage { get; init; }

        public AppendList<Animal> All { get; init; }

        public MergeMap<Cage> Homes { get; init; }

        public ImmutableSortedDictionary<string, Animal> Pets { get; init; } = ImmutableSortedDictionary<string, Animal>.Empty;

        public AppendList<ImmutableArray<Animal>> Herds { get; init; }

        public Ring? Ring { get; init; }
    }

    public record Animal
    {
        public required string Name { get; init; }
    }

    public sealed record Bird : Animal
    {
        public required int Wings { get; init; }
    }

    public sealed record Cage
    {
        public required Animal Inside { get; init; }
    }

    public sealed class Ring
    {
        public IReadOnlyList<Ring> Next { get; init; } = [];
    }
}
