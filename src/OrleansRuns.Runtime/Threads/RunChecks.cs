using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

internal sealed class RunChecks(GraphRegistry graphs, IOptions<RunsOptions> options) : IRunChecks
{
    public void CheckFirst(string? threadId, StartRunRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (threadId is not null)
        {
            RunRequests.CheckThreadId(threadId);
        }

        var graph = graphs.Get(request.Graph);
        RunRequests.Check(request, graph, options.Value.MaxInputBytes);
        if (RunRequests.Parse(request.Input, "input") is { } input)
        {
            ThreadPoint.Checked(() => graph.ApplyInput(null, input));
        }
    }
}
