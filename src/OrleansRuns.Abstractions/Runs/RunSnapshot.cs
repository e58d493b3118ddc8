namespace OrleansRuns.Abstractions;

/// <summary>A run as it is now. Whatever it tells is durable.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.RunSnapshot")]
public sealed record RunSnapshot
{
    /// <summary>Gets the run's id.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Gets the thread's id.</summary>
    [Id(1)]
    public required string ThreadId { get; init; }

    /// <summary>Gets the name of the graph.</summary>
    [Id(2)]
    public required string Graph { get; init; }

    /// <summary>Gets the status.</summary>
    [Id(3)]
    public required RunStatus Status { get; init; }

    /// <summary>Gets why the run is not a success.</summary>
    [Id(4)]
    public StopReason? StopReason { get; init; }

    /// <summary>Gets the error's message.</summary>
    [Id(5)]
    public string? Error { get; init; }

    /// <summary>Gets whether an interrupted run is to be continued elsewhere; it is then not final.</summary>
    [Id(6)]
    public bool Resumable { get; init; }

    /// <summary>Gets the number of the newest attempt: 0 before the first one began.</summary>
    [Id(7)]
    public required int Attempt { get; init; }

    /// <summary>Gets when the run was admitted.</summary>
    [Id(8)]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets when the run last changed.</summary>
    [Id(9)]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Gets when the first attempt began; <see langword="null"/> before that.</summary>
    [Id(10)]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Gets whether the run was rolled back: its checkpoints are no longer part of the thread.</summary>
    [Id(11)]
    public bool RolledBack { get; init; }

    /// <summary>Gets what the run was started with to be found by, as a JSON object.</summary>
    [Id(12)]
    public string Metadata { get; init; } = "{}";

    /// <summary>Gets whether nothing can change the run any more.</summary>
    public bool IsFinal => Status.IsFinal(Resumable);
}
