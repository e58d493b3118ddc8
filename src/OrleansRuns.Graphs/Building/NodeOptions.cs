namespace OrleansRuns.Graphs;

/// <summary>How a node is executed.</summary>
public sealed record NodeOptions
{
    // What a timer can wait for.
    internal static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(49);

    /// <summary>Gets when and how often the node is tried again; the default is never.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>Gets how long one attempt may take.</summary>
    /// <value>Greater than zero, at most 49 days; the default is no limit.</value>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Gets how long one attempt may go without an event or a heartbeat.</summary>
    /// <value>Greater than zero, at most 49 days; the default is no limit.</value>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Gets for how long, and under which key, the node's writes are reused instead of running it.</summary>
    public CachePolicy? Cache { get; init; }

    /// <summary>Gets the node that takes over when the last attempt has failed.</summary>
    public Node<NodeError>? OnError { get; init; }

    /// <summary>Gets whether the node waits until nothing else is left to run.</summary>
    public bool Deferred { get; init; }

    /// <summary>Gets whether a run stops before the node.</summary>
    public bool InterruptBefore { get; init; }

    /// <summary>Gets whether a run stops after the superstep in which the node ran.</summary>
    public bool InterruptAfter { get; init; }
}
