namespace OrleansRuns.Runtime;

/// <summary>Where an execution tells what happens. Nothing is told before it is durable, except what no checkpoint holds.</summary>
/// <remarks>
/// What the log can tell again has numbers that the log knows: they are reserved before the append that makes it durable, and told after
/// it. What nodes emit meanwhile has later numbers and reaches readers later.
/// </remarks>
internal interface IRunEvents
{
    /// <summary>Goes on numbering where the log stands: after a crash, a hand-off, or an append whose answer was lost.</summary>
    /// <param name="next">The first number that no earlier process can have given.</param>
    /// <param name="isEnd">Whether the run has ended there: nothing but its end is told any more.</param>
    void ContinueFrom(long next, bool isEnd);

    /// <summary>Tells what no log holds. Never blocks, never fails: a slow reader loses the oldest events and is told of the gap.</summary>
    /// <param name="kind">One of <see cref="Abstractions.RunEventKinds"/>.</param>
    /// <param name="checkpointNamespace">The namespace of the graph it comes from.</param>
    /// <param name="step">The superstep.</param>
    /// <param name="checkpointId">The durable checkpoint it tells of.</param>
    /// <param name="data">The payload as JSON.</param>
    void Publish(string kind, string checkpointNamespace, int step, string? checkpointId, Func<string> data);

    /// <summary>Reserves the numbers of what an append is about to make durable.</summary>
    /// <param name="count">How many events it makes.</param>
    /// <param name="isEnd">Whether the attempt ends with it: nothing that no log holds is told after it.</param>
    /// <returns>The first number.</returns>
    long Reserve(int count, bool isEnd);

    /// <summary>Tells what has become durable.</summary>
    /// <param name="first">The first of the reserved numbers.</param>
    /// <param name="events">As many events as numbers were reserved.</param>
    void Tell(long first, IReadOnlyList<ToldEvent> events);

    /// <summary>Gives up reserved numbers because the append failed.</summary>
    /// <param name="first">The first of the reserved numbers.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="isUnused">Whether nothing can have become durable, so that the numbers may be given again.</param>
    void Abandon(long first, int count, bool isUnused);
}
