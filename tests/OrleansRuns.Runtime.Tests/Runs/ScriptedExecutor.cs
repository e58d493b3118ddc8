using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>An executor that does what a test says.</summary>
internal sealed class ScriptedExecutor : IRunExecutor
{
    internal Func<RunRow, CancellationToken, Task<RunOutcome>> Execute { get; set; } =
        (_, _) => Task.FromResult(new RunOutcome { Status = RunStatus.Success });

    internal Func<RunStop, Task<RunOutcome>>? ExecuteStop { get; set; }

    internal int Executions { get; private set; }

    public bool HasGraph(string graph) => true;

    public string FingerprintOf(string graph) => "";

    internal List<(RunOutcome Outcome, bool RollBack)> Closings { get; } = [];

    internal Exception? ClosingFailure { get; set; }

    /// <summary>Gets or sets what happens before a log is closed under a run's row.</summary>
    internal Func<RunRow, Task> BeforeClosing { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gets or sets what reading the log for the thread's status throws.</summary>
    internal Exception? RestFailure { get; set; }

    internal int Retries { get; private set; }

    public Task<RunOutcome> ExecuteAsync(RunRow run, IRunEvents events, RunStop stop, int retries)
    {
        Executions++;
        Retries = retries;
        return ExecuteStop?.Invoke(stop) ?? Execute(run, stop.Token);
    }

    public async Task<RunOutcome> CloseAsync(RunRow run, RunOutcome outcome, bool rollBack, CancellationToken cancellationToken)
    {
        await BeforeClosing(run);
        if ((rollBack || RestFailure is not null) && ClosingFailure is { } failure)
        {
            throw failure;
        }

        Closings.Add((outcome, rollBack));
        return outcome;
    }

    public Task<ThreadRest> FindRestAsync(RunRow run, CancellationToken cancellationToken) =>
        RestFailure is { } failure
            ? Task.FromException<ThreadRest>(failure)
            : Task.FromResult(new ThreadRest(Asks: false, PlannedBy: null));
}
