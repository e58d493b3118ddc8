namespace OrleansRuns.Abstractions;

/// <summary>What a reader of a run's events asks for.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.RunEventSubscription")]
public sealed record RunEventSubscription
{
    /// <summary>
    /// Gets the kinds of events the reader wants, of <see cref="RunEventKinds"/>; <see langword="null"/> for all. Metadata, interrupts,
    /// gaps and the end always come. What is left out for this reason is no gap.
    /// </summary>
    [Id(0)]
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>
    /// Gets an id of the reader's own when the run is to be cancelled with it: when it stops reading before the run's end, by itself or
    /// because its process died, and no subscription of the same id comes within the silo's grace. <see langword="null"/> to leave the
    /// run alone. A silo that stops and a run that moves are not the reader's doing.
    /// </summary>
    [Id(1)]
    public string? CancelWithReader { get; init; }
}
