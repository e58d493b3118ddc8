namespace OrleansRuns.Runtime;

/// <summary>What may be expected of this silo, told from memory: neither a grain nor the database is asked.</summary>
/// <remarks>
/// A program with a web server answers its probes with it. It may be read from any thread, also before the silo starts and while it stops.
/// </remarks>
public interface ISiloHealth
{
    /// <summary>Gets whether the silo has started: it takes part in its cluster and executes runs.</summary>
    bool HasStarted { get; }

    /// <summary>
    /// Gets why callers had better ask another silo, as a sentence; <see langword="null"/> while it answers as it should, which a cordoned
    /// silo does. From the moment the application begins to stop there is a reason.
    /// </summary>
    string? UnreadyReason { get; }

    /// <summary>
    /// Gets whether the cluster has not declared this silo dead. One that is dead does not come back: its process is to be started anew.
    /// </summary>
    bool IsAlive { get; }

    /// <summary>Gets how many runs have live work on this silo: what its stop would have to drain.</summary>
    int ActiveRuns { get; }
}
