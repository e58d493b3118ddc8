namespace OrleansRuns.Graphs.Tests;

/// <summary>What a state holds and nobody would store, and defaults that nobody can: found when the graph is built.</summary>
public sealed class HiddenMembersTests
{
    public static TheoryData<Action, string> Mistakes => new()
    {
        { Build<InternalState>, "'Hidden' of InternalState is not public." },
        { Build<PrivateFieldState>, "'_count' of PrivateFieldState is a field." },
        { Build<ThrowingState>, "The state ThrowingState cannot be made: No default." },
        { Build<UnstorableDefaultState>, "The default of 'shape' of UnstorableDefaultState cannot be stored:" },
        { Build<HiddenInsideState>, "'Hidden' of HiddenThing in 'Thing' of HiddenInsideState is not public, which JSON would lose." },
        { Build<FieldInsideState>, "'_count' of RememberingThing in 'Thing' of FieldInsideState is a field, which JSON would lose." },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Compile_HiddenMemberOrUselessDefault_IsReportedWithItsPlace(Action build, string message)
    {
        var exception = Assert.Throws<GraphBuildException>(build);

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_DefaultThatCannotBeStored_HidesNoOtherMistake()
    {
        var exception = Assert.Throws<GraphBuildException>(Build<UnstorableDefaultState>);

        Assert.Contains("'Name' of UnstorableDefaultState has 'set'", exception.Message, StringComparison.Ordinal);
        Assert.Equal(2, exception.Problems.Count);
    }

    private static void Build<TState>()
        where TState : GraphState, new() =>
        GraphCompiler.Compile("inspected", new Lambda<TState>(graph =>
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End)));

    public sealed record InternalState : GraphState
    {
        public int Number { get; init; }

        internal int Hidden { get; init; }
    }

    public sealed record PrivateFieldState : GraphState
    {
        private readonly int _count = 3;

        public int Number { get; init; }

        public int Next() => _count + 1;
    }

    public sealed record ThrowingState : GraphState
    {
        public int Number { get; init; } = Fail();

        private static int Fail() => throw new NotSupportedException("No default.");
    }

    public record Shape2D;

    public sealed record Square : Shape2D;

    public sealed record UnstorableDefaultState : GraphState
    {
        public Shape2D Shape { get; init; } = new Square();

        public string? Name { get; set; }
    }

    public sealed record HiddenThing
    {
        public int Number { get; init; }

        internal int Hidden { get; init; }
    }

    public sealed class RememberingThing
    {
        private int _count;

        public int Number { get; init; }

        public int Next() => ++_count;
    }

    public sealed record HiddenInsideState : GraphState
    {
        public HiddenThing? Thing { get; init; }
    }

    public sealed record FieldInsideState : GraphState
    {
        public RememberingThing? Thing { get; init; }
    }
}
