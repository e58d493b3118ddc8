using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

public sealed record NodeState : GraphState
{
    public int Number { get; init; }

    public AppendList<string> Log { get; init; }
}

/// <summary>Runs the one node of a graph, as a superstep would.</summary>
internal sealed class NodeRunnerFixture : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly NodeScheduler _scheduler = new(4, TimeProvider.System);
    private readonly RecordedLog _logs = new();
    private readonly NodeRunner _runner;

    internal NodeRunnerFixture(int maxCacheBytes = 1 << 20)
    {
        _runner = new NodeRunner(
            _scheduler,
            new NodeCache(Options.Create(new RunNodesOptions { MaxCacheBytes = maxCacheBytes }), Time),
            _services,
            Options.Create(new RunsOptions { NodeCancellationGrace = TimeSpan.FromSeconds(2) }),
            new RunInstruments(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()),
            Time,
            _logs);
    }

    /// <summary>Gets what was logged.</summary>
    internal IReadOnlyCollection<string> Logs => _logs.Lines;

    internal FakeTimeProvider Time { get; } = new();

    internal RunEventBuffer Events { get; } = new(1000, 1 << 20);

    internal NodeScheduler Scheduler => _scheduler;

    public void Dispose()
    {
        _scheduler.Dispose();
        _services.Dispose();
    }

    /// <summary>Compiles a graph of one node, or of one more at its end.</summary>
    internal static CompiledGraph Graph(
        Func<NodeState, NodeContext, Task<NodeState>> run, NodeOptions? options = null, bool hasAnother = false) =>
        GraphCompiler.Compile("nodes", new OneNodeGraph(run, options, hasAnother));

    internal Task<NodeResult> RunAsync(CompiledGraph graph, string input = "{}", string id = "0", CancellationToken stop = default)
    {
        var checkpoint = graph.ApplyInput(null, JsonSerializer.Deserialize<JsonElement>(input)).Commit(id);
        var run = Rows.Claimed(Rows.Thread(graph), new StartRunRequest { RunId = "run", Graph = graph.Name }, attempt: 1);
        return _runner.RunAsync(new NodeTask(run, null, graph, checkpoint, checkpoint.Tasks[0], null, Events), stop);
    }

    /// <summary>Gets what was told of tasks, as "phase attempt".</summary>
    internal IReadOnlyList<string> Told()
    {
        var told = new List<string>();
        foreach (var kept in Events.Copy(0, RunEventFilter.All).Batch)
        {
            var data = JsonSerializer.Deserialize<JsonElement>(kept.Event.Data);
            told.Add($"{data.GetProperty("phase").GetString()} {data.GetProperty("attempt").GetInt32()}");
        }

        return told;
    }

    private sealed class RecordedLog : ILogger<NodeRunner>
    {
        internal ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)}");
    }

    private sealed class OneNodeGraph(Func<NodeState, NodeContext, Task<NodeState>> run, NodeOptions? options, bool hasAnother)
        : IGraph<NodeState>
    {
        public void Build(GraphBuilder<NodeState> graph)
        {
            var node = graph.AddNode("node", run, options);
            Node[] rest = hasAnother ? [graph.AddNode("another", (state, _) => state), Node.End] : [Node.End];
            graph.AddPath([Node.Start, node, .. rest]);
        }
    }
}
