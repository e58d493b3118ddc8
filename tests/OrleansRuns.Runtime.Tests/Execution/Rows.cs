using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Rows of a catalog that a test does without.</summary>
internal static class Rows
{
    /// <summary>Makes the row of a graph's only thread.</summary>
    internal static ThreadRow Thread(CompiledGraph graph) => new()
    {
        ThreadId = "thread",
        LogId = "log",
        Graph = graph.Name,
        Epoch = 1,
        CreatedAt = default,
        UpdatedAt = default,
    };

    /// <summary>Makes the row of a run that is under way in its first attempt.</summary>
    internal static RunRow Running(string runId) => new()
    {
        RunId = runId,
        ThreadId = "thread",
        LogId = "log",
        Graph = "graph",
        Fingerprint = "fingerprint",
        Request = "{}",
        Status = RunStatus.Running,
        Attempt = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>Makes the row of a run as it is after an attempt was claimed.</summary>
    internal static RunRow Claimed(ThreadRow thread, StartRunRequest request, int attempt) => new()
    {
        RunId = request.RunId,
        ThreadId = thread.ThreadId,
        LogId = thread.LogId,
        Graph = request.Graph,
        Fingerprint = "fingerprint",
        Request = RunRequests.ToRow(request),
        Status = RunStatus.Running,
        Attempt = attempt,
        Owner = $"silo {attempt}",
        CreatedAt = default,
        UpdatedAt = default,
    };
}
