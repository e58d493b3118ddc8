using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>What made a checkpoint.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckpointSource>))]
public enum CheckpointSource
{
    /// <summary>A run's input (step -1 on a new thread).</summary>
    [JsonStringEnumMemberName("input")]
    Input = 0,

    /// <summary>A superstep.</summary>
    [JsonStringEnumMemberName("loop")]
    Loop = 1,

    /// <summary>A caller's edit of the state.</summary>
    [JsonStringEnumMemberName("update")]
    Update = 2,

    /// <summary>A copy of an earlier checkpoint, made to go on from there.</summary>
    [JsonStringEnumMemberName("fork")]
    Fork = 3,
}

/// <summary>What one checkpoint adds to its namespace's history, as the log stores it.</summary>
public sealed record CheckpointRecord
{
    /// <summary>Gets the checkpoint's id: a UUIDv8 whose lexical order is the log's order.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the id of the checkpoint this one follows; <see langword="null"/> for the first of its namespace.</summary>
    public string? ParentId { get; init; }

    /// <summary>Gets the number of the superstep: -1 for a first input.</summary>
    public required int Step { get; init; }

    /// <summary>Gets what made the checkpoint.</summary>
    public required CheckpointSource Source { get; init; }

    /// <summary>Gets whether <see cref="Channels"/> holds every channel's whole value, so that no earlier record is needed.</summary>
    public bool Full { get; init; }

    /// <summary>
    /// Gets the changed channels by name: each a JSON object with the channel's kind and one built-in operation (set, append, change,
    /// apply, or carried, which repeats those of a channel that the graph does not know), so that replay never runs user code.
    /// </summary>
    public ImmutableSortedDictionary<string, JsonElement> Channels { get; init; } = EmptyChannels;

    /// <summary>Gets the tasks the next superstep has to run; empty when the graph has ended.</summary>
    public ImmutableArray<PlannedTask> Next { get; init; } = [];

    /// <summary>Gets, by join, the nodes that have already arrived at it.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> Joins { get; init; } = EmptyJoins;

    /// <summary>Gets the deferred nodes that were triggered and wait until nothing else is left to run.</summary>
    public ImmutableArray<string> Deferred { get; init; } = [];

    /// <summary>Gets the nodes that ran in the superstep that made the checkpoint, in ordinal order; empty after an input.</summary>
    public ImmutableArray<string> Ran { get; init; } = [];

    private static ImmutableSortedDictionary<string, JsonElement> EmptyChannels { get; } =
        ImmutableSortedDictionary.Create<string, JsonElement>(StringComparer.Ordinal);

    private static ImmutableSortedDictionary<string, ImmutableArray<string>> EmptyJoins { get; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal);
}
