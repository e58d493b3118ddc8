using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>One entry of a thread's log: one row, written once.</summary>
public sealed record LogEntry
{
    /// <summary>The version of the persisted format that this program writes. Entries of every earlier version load for ever.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Gets the version of the format the entry was written in.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>
    /// Gets the id of the append: "{run}/{attempt}/{sequence}". It tells the writer whose answer was lost from the one that lost the race.
    /// </summary>
    public required string AppendId { get; init; }

    /// <summary>Gets the id of the run (or edit) that wrote the entry.</summary>
    public required string RunId { get; init; }

    /// <summary>Gets the number of the run's attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Gets when the entry was written.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// Gets whether the entry repeats all that is needed to go on from it, so that no earlier entry has to be read: every live
    /// namespace's newest checkpoint in full, and the pending writes.
    /// </summary>
    public bool IsBase { get; init; }

    /// <summary>
    /// Gets the first number that no event has got by this entry: a process that goes on with the run numbers from there. It leaves
    /// room for what is told after the entry and before the next one; after the end of an attempt nothing is.
    /// </summary>
    public long NextEvent { get; init; }

    /// <summary>
    /// Gets the position from which on the entries before this one no longer count; only set on the base of a rollback. Such a base
    /// repeats what was there before that position.
    /// </summary>
    public long? Supersedes { get; init; }

    /// <summary>
    /// Gets the events it makes durable; <see langword="null"/> in the entry of an edit, and of a program that did not store them yet.
    /// </summary>
    public LogEvents? Events { get; init; }

    /// <summary>Gets what the entry records, in order.</summary>
    public required ImmutableArray<LogRecord> Records { get; init; }

    /// <summary>
    /// Gets what a base changes, without what it only repeats; not stored. The limit of an entry applies to it, that of a state to the
    /// whole base. Where it is not set, a base has the limit of an entry.
    /// </summary>
    [JsonIgnore]
    public ImmutableArray<LogRecord> Changes { get; init; }

    /// <summary>Gets members that this program does not know: written by an older or newer one, and carried along.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; init; }
}

/// <summary>One record of an entry.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CheckpointLogRecord), "checkpoint")]
[JsonDerivedType(typeof(WritesLogRecord), "writes")]
[JsonDerivedType(typeof(ClaimLogRecord), "claim")]
[JsonDerivedType(typeof(EndLogRecord), "end")]
public abstract record LogRecord;

/// <summary>A checkpoint of a namespace.</summary>
public sealed record CheckpointLogRecord : LogRecord
{
    /// <summary>Gets the namespace: empty for the run's own graph.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Gets the checkpoint.</summary>
    public required CheckpointRecord Checkpoint { get; init; }

    /// <summary>Gets the run or edit that made the checkpoint; only set where a base repeats it from an earlier entry.</summary>
    public string? RunId { get; init; }

    /// <summary>Gets when the checkpoint was made; only set where a base repeats it from an earlier entry.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>Finished or interrupted tasks of a superstep that is still running.</summary>
public sealed record WritesLogRecord : LogRecord
{
    /// <summary>Gets the namespace of the checkpoint whose tasks these are.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Gets the checkpoint whose tasks these are.</summary>
    public required string CheckpointId { get; init; }

    /// <summary>Gets the writes; a later one of the same task replaces an earlier one.</summary>
    public required ImmutableArray<TaskWrites> Tasks { get; init; }
}

/// <summary>A new owner takes the thread over; from here on an earlier owner's append fails.</summary>
public sealed record ClaimLogRecord : LogRecord
{
    /// <summary>Gets the silo that owns the run from here on.</summary>
    public required string Owner { get; init; }

    /// <summary>Gets the name of the graph.</summary>
    public required string Graph { get; init; }

    /// <summary>Gets the graph's fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets the step of the checkpoint the run began at; its recursion limit counts from there in every attempt.</summary>
    public int StartStep { get; init; }

    /// <summary>Gets whether the run goes on with a stopped thread, so that the static interrupts it stopped at are passed.</summary>
    public bool IsResume { get; init; }

    /// <summary>Gets the position of the run's first claim: checkpoints below it were there when it began.</summary>
    public long StartPosition { get; init; }

    /// <summary>
    /// Gets the steps of the subgraphs that were under way when the run began, by namespace: their recursion limits count from there in
    /// every attempt. Those that are not among them began in the run. <see langword="null"/> in a claim that an earlier program made.
    /// </summary>
    public ImmutableSortedDictionary<string, int>? SubgraphSteps { get; init; }

    /// <summary>Gets what the run is suspected of; <see langword="null"/> when no silo died under it since it last got on.</summary>
    public ClaimSuspicion? Suspicion { get; init; }
}

/// <summary>What a claim says of a run whose silos died.</summary>
public sealed record ClaimSuspicion
{
    /// <summary>Gets the silos that died since the run's last checkpoint or finished task, oldest first.</summary>
    public required ImmutableArray<string> LostOwners { get; init; }

    /// <summary>Gets whether the run is alone on its silo in this attempt.</summary>
    public bool IsAlone { get; init; }
}

/// <summary>How a run ended.</summary>
public sealed record EndLogRecord : LogRecord
{
    /// <summary>Gets the final status, in lower case.</summary>
    public required string Status { get; init; }

    /// <summary>Gets why it is not success, in lower case with underscores; <see langword="null"/> for success.</summary>
    public string? StopReason { get; init; }

    /// <summary>Gets the error's message, if there was one.</summary>
    public string? Error { get; init; }

    /// <summary>Gets the newest checkpoint of the run's own graph.</summary>
    public string? CheckpointId { get; init; }
}
