namespace OrleansRuns.Abstractions;

/// <summary>The way into OrleansRuns from an Orleans client or a client silo.</summary>
public interface IRunsClient
{
    /// <summary>Gets a thread. It need not exist yet: starting a run makes it.</summary>
    /// <param name="threadId">
    /// The thread's id: 1 to 200 letters, digits, '-', '_', '.' or ':'; <see langword="null"/> for a new one.
    /// </param>
    RunThread Thread(string? threadId = null);

    /// <summary>Gets a run.</summary>
    /// <param name="runId">The run's id.</param>
    RunHandle Run(string runId);
}
