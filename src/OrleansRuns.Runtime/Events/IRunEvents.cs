namespace OrleansRuns.Runtime;

/// <summary>Where an execution tells what happens. Nothing is told before it is durable, except what no checkpoint holds.</summary>
internal interface IRunEvents
{
    /// <summary>Gets the number the next event gets.</summary>
    long Next { get; }

    /// <summary>Goes on numbering after a crash or a hand-off: tells readers of the gap, if there is one.</summary>
    /// <param name="next">The first number that no lost process can have given.</param>
    void ContinueFrom(long next);

    /// <summary>Tells an event. Never blocks and never fails: a slow reader loses the oldest events and is told of the gap.</summary>
    /// <param name="kind">One of <see cref="Abstractions.RunEventKinds"/>.</param>
    /// <param name="checkpointNamespace">The namespace of the graph it comes from.</param>
    /// <param name="step">The superstep.</param>
    /// <param name="checkpointId">The durable checkpoint it tells of.</param>
    /// <param name="data">The payload as JSON; called only when somebody listens or the event is kept.</param>
    void Publish(string kind, string checkpointNamespace, int step, string? checkpointId, Func<string> data);
}
