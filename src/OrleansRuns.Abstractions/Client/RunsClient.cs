namespace OrleansRuns.Abstractions;

internal sealed class RunsClient(IGrainFactory grains) : IRunsClient
{
    public RunThread Thread(string? threadId = null) => new(grains, threadId ?? Guid.CreateVersion7().ToString());

    public RunHandle Run(string runId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runId);
        return new RunHandle(grains, runId);
    }
}
