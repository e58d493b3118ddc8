using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Executes attempts of runs without a silo, each on a scheduler that does one thing at a time, as a grain's does.</summary>
internal sealed class ExecutionBench(IServiceProvider nodeServices, TimeProvider time) : IDisposable
{
    internal const string LogId = "log";

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly NodeScheduler _scheduler = new(8);

    public void Dispose()
    {
        _scheduler.Dispose();
        _services.Dispose();
    }

    internal static RunRow Row(StartRunRequest request, int attempt) => new()
    {
        RunId = request.RunId,
        ThreadId = "thread",
        LogId = LogId,
        Graph = request.Graph,
        Fingerprint = "",
        Request = RunRequests.ToRow(request),
        Status = RunStatus.Running,
        Attempt = attempt,
        Owner = $"owner-{attempt}",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    internal static ThreadRow Thread(string graph) => new()
    {
        ThreadId = "thread",
        LogId = LogId,
        Graph = graph,
        Epoch = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    internal static ThreadReader Reader(CompiledGraph graph, IThreadLogStore store) =>
        new(store, new GraphRegistry([new GraphRegistration(graph.Name, _ => graph)], new ServiceCollection().BuildServiceProvider()));

    /// <summary>Executes one attempt.</summary>
    internal Task<RunOutcome> ExecuteAsync(
        CompiledGraph graph, IThreadLogStore store, StartRunRequest request, int attempt = 1, IRunEvents? events = null)
    {
        var instruments = new RunInstruments(_services.GetRequiredService<IMeterFactory>());
        var nodes = new NodeRunner(
            _scheduler,
            new NodeCache(Options.Create(new RunNodesOptions()), time),
            nodeServices,
            Options.Create(new RunsOptions()),
            instruments,
            time,
            NullLogger<NodeRunner>.Instance);
        var setup = new RunSetup(Row(request, attempt), request, graph, events ?? new RunEventBuffer(1000, 1 << 20));
        var execution = new RunExecution(setup, store, Reader(graph, store), nodes, instruments, time, NullLogger.Instance);
        return Task.Factory.StartNew(
            () => execution.ExecuteAsync(CancellationToken.None),
            CancellationToken.None,
            TaskCreationOptions.None,
            new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap();
    }
}
