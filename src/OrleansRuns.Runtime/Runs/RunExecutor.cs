using Microsoft.Extensions.Logging;

namespace OrleansRuns.Runtime;

internal sealed class RunExecutor(
    GraphRegistry graphs,
    IThreadLogStore store,
    IRunCatalog catalog,
    ThreadReader threads,
    NodeRunner nodes,
    SuspectTurns turns,
    RunInstruments instruments,
    TimeProvider time,
    ILogger<RunExecution> logger) : IRunExecutor
{
    public bool HasGraph(string graph) => graphs.Find(graph) is not null;

    public string FingerprintOf(string graph) => graphs.Get(graph).Fingerprint;

    public Task<RunOutcome> ExecuteAsync(RunRow run, IRunEvents events, RunStop stop, int retries)
    {
        var setup = new RunSetup(run, RunRequests.FromRow(run.Request), graphs.Get(run.Graph), events) { Retries = retries };
        return new RunExecution(setup, store, threads, nodes, turns, instruments, time, logger).ExecuteAsync(stop);
    }

    public async Task<RunOutcome> CloseAsync(
        RunRow run, RunOutcome outcome, bool rollBack, CancellationToken cancellationToken) =>
        RunExecution.Outcome(
            await new RunClosing(store, catalog, time).CloseAsync(run, RunExecution.EndOf(outcome), rollBack, cancellationToken));

    public async Task<ThreadRest> FindRestAsync(RunRow run, CancellationToken cancellationToken) =>
        ThreadRest.Of(LogView.Of(await store.ReadLineAsync(run.LogId, null, cancellationToken)));
}
