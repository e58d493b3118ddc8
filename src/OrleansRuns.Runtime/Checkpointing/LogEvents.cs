using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Runtime;

/// <summary>The events an entry makes durable. With the records of the entry they can be told again, with the same numbers.</summary>
public sealed record LogEvents
{
    /// <summary>Gets the number of the first event; the others follow it without a hole, in the order of the tellings.</summary>
    public required long First { get; init; }

    /// <summary>Gets what is told.</summary>
    public ImmutableArray<LogTelling> Tellings { get; init; } = [];
}

/// <summary>What a telling is about, and with it which events it makes, in which order.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LogTellingKind>))]
public enum LogTellingKind
{
    /// <summary>An attempt began: metadata.</summary>
    [JsonStringEnumMemberName("attempt")]
    Attempt = 0,

    /// <summary>The checkpoint a run begins at: checkpoints, values.</summary>
    [JsonStringEnumMemberName("checkpoint")]
    Checkpoint = 1,

    /// <summary>Tasks of a superstep that is still running have ended or ask: tasks, one for each.</summary>
    [JsonStringEnumMemberName("tasks")]
    Tasks = 2,

    /// <summary>A superstep has ended: tasks for those that were not told before, updates, checkpoints, values.</summary>
    [JsonStringEnumMemberName("superstep")]
    Superstep = 3,

    /// <summary>The run waits for answers: interrupt.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting = 4,
}

/// <summary>One telling.</summary>
public sealed record LogTelling
{
    /// <summary>Gets what it is about.</summary>
    public required LogTellingKind Kind { get; init; }

    /// <summary>Gets the namespace: empty for the run's own graph.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Gets the tasks it is about; <see langword="null"/> when it is not about tasks.</summary>
    public ImmutableArray<LogToldTask>? Tasks { get; init; }
}

/// <summary>A task, as it is told.</summary>
public sealed record LogToldTask
{
    /// <summary>Gets the task's id.</summary>
    public required string TaskId { get; init; }

    /// <summary>Gets the name of the node.</summary>
    public required string Node { get; init; }

    /// <summary>Gets "end" or "interrupt"; <see langword="null"/> when an earlier entry has told that.</summary>
    public string? Phase { get; init; }

    /// <summary>Gets whether the task repeats what an earlier one wrote; <see langword="null"/> for no.</summary>
    public bool? Cached { get; init; }

    /// <summary>Gets where the task's update is; <see langword="null"/> when it is here.</summary>
    public LogUpdatePlace? Place { get; init; }

    /// <summary>Gets the task's update without the channels of <see cref="Same"/>.</summary>
    public JsonElement? Update { get; init; }

    /// <summary>Gets the channels whose update is the value of the operation that the entry's checkpoint stores.</summary>
    public ImmutableArray<string>? Same { get; init; }
}

/// <summary>Where the update of a told task is, when not with the telling.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LogUpdatePlace>))]
public enum LogUpdatePlace
{
    /// <summary>In the writes of an earlier entry.</summary>
    [JsonStringEnumMemberName("earlier")]
    Earlier = 0,

    /// <summary>Nowhere: it would have made the entry too large.</summary>
    [JsonStringEnumMemberName("lost")]
    Lost = 1,
}
