using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>
/// What a run is asked to do. At most one of <see cref="Input"/> and <see cref="Resume"/> is given; with neither the run goes on with what
/// the thread has planned.
/// </summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.StartRunRequest")]
public sealed record StartRunRequest
{
    /// <summary>Gets the id of the run: a UUIDv7 made by the caller, so that starting can be repeated without a second run.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Gets the name of the graph to execute.</summary>
    [Id(1)]
    public required string Graph { get; init; }

    /// <summary>Gets the input as JSON; <see langword="null"/> to go on with what the thread has planned.</summary>
    [Id(2)]
    public string? Input { get; init; }

    /// <summary>
    /// Gets the answer to the thread's pending questions as JSON: the answer itself when one is pending, or an object of answers by
    /// interrupt id; <see langword="null"/> when nothing is answered.
    /// </summary>
    [Id(3)]
    public string? Resume { get; init; }

    /// <summary>Gets the checkpoint to go on from, which forks the thread; <see langword="null"/> for the newest.</summary>
    [Id(4)]
    public string? CheckpointId { get; init; }

    /// <summary>Gets the run's context as JSON, which nodes read and no checkpoint holds.</summary>
    [Id(5)]
    public string? Context { get; init; }

    /// <summary>Gets how many supersteps the run may take.</summary>
    /// <value>1 or more; the default is 25.</value>
    [Id(6)]
    public int RecursionLimit { get; init; } = 25;

    /// <summary>Gets the nodes to stop before, beside those of the graph; "*" means every node.</summary>
    [Id(7)]
    public IReadOnlyList<string> InterruptBefore { get; init; } = [];

    /// <summary>Gets the nodes to stop after, beside those of the graph; "*" means every node.</summary>
    [Id(8)]
    public IReadOnlyList<string> InterruptAfter { get; init; } = [];

    /// <summary>Gets what becomes of the run when others of its thread are not final.</summary>
    /// <value>The default is <see cref="MultitaskStrategy.Reject"/>.</value>
    [Id(9), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public MultitaskStrategy Strategy { get; init; }

    /// <summary>
    /// Gets a key that makes the start repeatable without knowing the run's id: the same key gets the same run, whatever the id in the
    /// repeated request. Keys are unique among all runs.
    /// </summary>
    /// <value>1 to 200 characters; <see langword="null"/> for none.</value>
    [Id(10), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public string? IdempotencyKey { get; init; }

    /// <summary>Gets how long the run may take, from the moment it first began, attempts on other silos included.</summary>
    /// <value>1 millisecond to 30 days; <see langword="null"/> for no limit.</value>
    [Id(11), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TimeSpan? Timeout { get; init; }

    /// <summary>Gets a JSON object to find the run by. Nodes do not see it.</summary>
    /// <value>At most 64 KiB; <see langword="null"/> for none.</value>
    [Id(12), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public string? Metadata { get; init; }

    /// <summary>Gets what becomes of the run when its silo shuts down.</summary>
    /// <value>The default is <see cref="RecoveryPolicy.Resume"/>.</value>
    [Id(13), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RecoveryPolicy RecoveryPolicy { get; init; }
}
