using System.Collections.Immutable;

namespace OrleansRuns.Graphs.Tests;

/// <summary>A state with one property of every kind.</summary>
public sealed record BagState : GraphState
{
    [FormerName("headline")]
    public string Title { get; init; } = "";

    public ImmutableArray<string> Paths { get; init; } = [];

    public AppendList<string> Words { get; init; }

    public Total<long> Sum { get; init; }

    public UnionSet<int> Tags { get; init; }

    public MergeMap<int> Scores { get; init; }

    public Messages Talk { get; init; }

    public Peak Peak { get; init; } = new(0);

    [Ephemeral]
    public string? Flash { get; init; }

    [Untracked]
    public string? Scratch { get; init; }
}

public sealed record Peak(int Value) : IMergeable<Peak>
{
    public static Peak Merge(Peak before, Peak current, Peak incoming) => new(Math.Max(current.Value, incoming.Value));
}
