using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>What became of the runs of a silo that stopped or was drained.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.DrainReport")]
public sealed record DrainReport
{
    /// <summary>Gets the silo, as an owner of runs: cluster, address and generation.</summary>
    [Id(0)]
    public required string Silo { get; init; }

    /// <summary>Gets when the drain began.</summary>
    [Id(1)]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Gets how long it took.</summary>
    [Id(2)]
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Gets how long it was allowed to take.</summary>
    [Id(3)]
    public required TimeSpan Budget { get; init; }

    /// <summary>Gets the runs that had live work on the silo, oldest first.</summary>
    [Id(4)]
    public required IReadOnlyList<DrainedRun> Runs { get; init; }

    /// <summary>Gets whether it took no longer than it was allowed to.</summary>
    public bool IsWithinBudget => Elapsed <= Budget;

    /// <summary>Counts the runs that ended in a way.</summary>
    /// <param name="outcome">The way.</param>
    public int Count(DrainOutcome outcome) => Runs.Count(run => run.Outcome == outcome);

    /// <summary>Counts the runs for which the drain had to go so far.</summary>
    /// <param name="signal">How far.</param>
    public int Count(DrainSignal signal) => Runs.Count(run => run.Signal == signal);
}

/// <summary>What became of one run.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.DrainedRun")]
public sealed record DrainedRun
{
    /// <summary>Gets the run's id.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Gets the thread's id.</summary>
    [Id(1)]
    public required string ThreadId { get; init; }

    /// <summary>Gets what became of it.</summary>
    [Id(2)]
    public required DrainOutcome Outcome { get; init; }

    /// <summary>Gets its status when the drain had done with it.</summary>
    [Id(3)]
    public required RunStatus Status { get; init; }

    /// <summary>Gets why it is not a success.</summary>
    [Id(4)]
    public StopReason? StopReason { get; init; }

    /// <summary>Gets whether it is continued elsewhere.</summary>
    [Id(5)]
    public bool Resumable { get; init; }

    /// <summary>Gets the checkpoint it stands at, if it is known.</summary>
    [Id(6)]
    public string? CheckpointId { get; init; }

    /// <summary>Gets how long the drain had to do with it.</summary>
    [Id(7)]
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Gets why it is not persisted.</summary>
    [Id(8)]
    public string? Error { get; init; }

    /// <summary>Gets how far the drain had to go for it.</summary>
    [Id(9)]
    public DrainSignal Signal { get; init; }
}

/// <summary>How far a drain has to go for a run: each is tried when the one before it was not enough.</summary>
[GenerateSerializer, Alias("OrleansRuns.DrainSignal")]
[JsonConverter(typeof(JsonStringEnumConverter<DrainSignal>))]
public enum DrainSignal
{
    /// <summary>It was asked to finish the superstep under way and to begin no other, and did so.</summary>
    [JsonStringEnumMemberName("request")]
    Request = 0,

    /// <summary>Its nodes were cancelled, and ended.</summary>
    [JsonStringEnumMemberName("cancellation")]
    Cancellation = 1,

    /// <summary>A node of it that did not end was left behind, or the run as a whole was: what it still does is discarded.</summary>
    [JsonStringEnumMemberName("left_behind")]
    LeftBehind = 2,
}

/// <summary>What becomes of a run in a drain.</summary>
[GenerateSerializer, Alias("OrleansRuns.DrainOutcome")]
[JsonConverter(typeof(JsonStringEnumConverter<DrainOutcome>))]
public enum DrainOutcome
{
    /// <summary>It ended by itself, or as somebody had cancelled it.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed = 0,

    /// <summary>It was stopped between two supersteps or in one, and its status says so.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted = 1,

    /// <summary>It did not stop in time. Its status was written for it.</summary>
    [JsonStringEnumMemberName("timed_out")]
    TimedOut = 2,

    /// <summary>Its status is not confirmed to be durable. Recovery finds out.</summary>
    [JsonStringEnumMemberName("not_persisted")]
    NotPersisted = 3,
}
