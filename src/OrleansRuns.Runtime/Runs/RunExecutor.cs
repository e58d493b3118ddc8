namespace OrleansRuns.Runtime;

internal sealed class RunExecutor(GraphRegistry graphs) : IRunExecutor
{
    public bool HasGraph(string graph) => graphs.Find(graph) is not null;

    public Task<RunOutcome> ExecuteAsync(RunRow run, IRunEvents events, CancellationToken stop) => throw new NotSupportedException();
}
