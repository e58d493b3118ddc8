namespace OrleansRuns.Runtime;

/// <summary>A run with live work on this silo, as the drain handles it. Everything here may be called from any thread.</summary>
/// <remarks>Nothing of it is a grain call: the drain must not depend on anybody's queue.</remarks>
internal interface IDrainedRun
{
    /// <summary>Gets the run as it was last seen in the database.</summary>
    RunRow Row { get; }

    /// <summary>Gets how fast it goes.</summary>
    RunPace Pace { get; }

    /// <summary>Gets a task that completes when the run writes nothing more by itself, whether it has ended, was left, or failed.</summary>
    Task Completion { get; }

    /// <summary>Gets whether the database says the truth of it: how it ended, or that this silo has nothing to do with it.</summary>
    bool IsSettled { get; }

    /// <summary>Gets whether another owner has taken it over.</summary>
    bool IsFenced { get; }

    /// <summary>Gets whether its end was written for it, and not by itself.</summary>
    bool IsWrittenForIt { get; }

    /// <summary>Gets whether a node of it did not end, and it ended without the node.</summary>
    bool HasLeftNodes { get; }

    /// <summary>Gets the newest durable checkpoint, if it is known.</summary>
    string? CheckpointId { get; }

    /// <summary>Asks it to finish the superstep it is in and to begin no other. Returns at once.</summary>
    void Drain();

    /// <summary>Cancels its nodes.</summary>
    /// <returns>A task that completes when everything of the run has been told.</returns>
    Task CancelForDrainAsync();

    /// <summary>Writes for it how it ended, unless it has done so itself: from then on it writes nothing more.</summary>
    Task WriteEndAsync(CancellationToken cancellationToken);

    /// <summary>Tries nothing more.</summary>
    void GiveUp();
}
