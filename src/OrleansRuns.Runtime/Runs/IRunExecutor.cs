namespace OrleansRuns.Runtime;

/// <summary>Executes attempts of runs.</summary>
internal interface IRunExecutor
{
    /// <summary>Tells whether this silo has a graph.</summary>
    bool HasGraph(string graph);

    /// <summary>Gets the version of a graph that this silo has.</summary>
    string FingerprintOf(string graph);

    /// <summary>Executes one claimed attempt until it ends. The log's end entry is durable when the task completes.</summary>
    /// <param name="run">The run as it was claimed.</param>
    /// <param name="events">Where the execution tells what happens.</param>
    /// <param name="stop">Asks the attempt to end now, without the nodes that do not listen.</param>
    /// <param name="retries">How many attempts right before it were given up here because the database failed.</param>
    /// <returns>How the attempt ended.</returns>
    Task<RunOutcome> ExecuteAsync(RunRow run, IRunEvents events, RunStop stop, int retries);

    /// <summary>Writes the last entry of a run that does not execute any more, unless it is there.</summary>
    /// <param name="run">The run.</param>
    /// <param name="outcome">How it ends.</param>
    /// <param name="rollBack">Whether its thread returns to the state before the run.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>How the log says it ended: as asked, or as the attempt had written itself before.</returns>
    /// <exception cref="RollbackImpossibleException">The state before the run cannot be restored. Nothing was written.</exception>
    Task<RunOutcome> CloseAsync(RunRow run, RunOutcome outcome, bool rollBack, CancellationToken cancellationToken);

    /// <summary>Reads what the log of a run's thread says of the thread's status.</summary>
    Task<ThreadRest> FindRestAsync(RunRow run, CancellationToken cancellationToken);
}
