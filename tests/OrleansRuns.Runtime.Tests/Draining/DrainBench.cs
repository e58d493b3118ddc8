using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A silo that is drained, and the database it leaves behind.</summary>
internal sealed class DrainBench : IAsyncDisposable
{
    internal const string Scripted = "scripted";

    /// <summary>Longer than any drain here: a node that does not listen is stuck.</summary>
    internal static readonly TimeSpan Stuck = TimeSpan.FromMinutes(1);

    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(200);

    // Three seconds for what is stuck or slow, and enough for the writes of a busy machine.
    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(15);
    private const double Reserve = 0.8;

    /// <summary>Gets a drain that need not do much before its time is over.</summary>
    internal static DrainOptions Short { get; } = new()
    {
        Timeout = TimeSpan.FromSeconds(6),
        PersistReserve = Reserve,
        SuperstepGrace = Prompt,
    };

    private readonly RunStore _store = new();
    private readonly RecordedLogs _logs = new();
    private ServiceProvider? _reader;

    private DrainBench()
    {
    }

    internal RunCluster Cluster { get; private set; } = null!;

    internal StoreHooks Hooks => _store.Hooks;

    internal StoreHooks LogHooks => _store.LogHooks;

    internal StoreHooks ReportHooks => _store.ReportHooks;

    internal StoreHooks LeaseHooks => _store.LeaseHooks;

    /// <summary>Gets what was logged as a warning or an error.</summary>
    internal IReadOnlyCollection<string> Logs => _logs.Lines;

    /// <summary>Gets a task that completes when the application begins to stop.</summary>
    internal Task Stopping { get; private set; } = Task.CompletedTask;

    /// <summary>Gets a task that completes when the node "scripted" of the scripted graph has begun.</summary>
    internal TaskCompletionSource ScriptReached { get; } = New();

    internal static async Task<DrainBench> StartAsync(
        TimeSpan? nodeGrace = null,
        TimeSpan? superstepGrace = null,
        Func<NodeContext, Task>? script = null,
        Action<ISiloBuilder>? configure = null,
        DrainOptions? options = null)
    {
        var bench = new DrainBench();
        options ??= new DrainOptions { Timeout = Brief, PersistReserve = Reserve, SuperstepGrace = superstepGrace ?? Prompt };
        bench.Cluster = await bench.ClusterAsync(options, nodeGrace ?? Prompt, script, configure);
        bench.Stopping = StoppingOf(bench.Cluster);
        return bench;
    }

    /// <summary>Holds calls of the catalog up until the silo stops.</summary>
    /// <returns>A task that completes when the first such call has come.</returns>
    internal Task HoldUntilStopping(string call)
    {
        var reached = New();
        Hooks.Before = async name =>
        {
            if (name == call)
            {
                reached.TrySetResult();
                await Stopping;
            }
        };
        return reached.Task.WithinAsync($"the call {call}");
    }

    /// <summary>Lets the database take no claim of a run.</summary>
    /// <returns>A task that completes when the first one was tried.</returns>
    internal Task FailClaims()
    {
        var tried = New();
        Hooks.Before = call =>
        {
            if (call == nameof(IRunCatalog.BeginAsync))
            {
                tried.TrySetResult();
                throw new TimeoutException("The database did not answer.");
            }

            return Task.CompletedTask;
        };
        return tried.Task.WithinAsync("a run to be claimed");
    }

    internal Task StopAsync() => Cluster.StopAsync(0);

    internal async Task<RunRow> FindAsync(RunHandle run) =>
        (await (await ReaderAsync()).GetRequiredService<IRunCatalog>().FindRunAsync(run.Id, None))!;

    /// <summary>Gets the report that the stopped silo has left, if it has.</summary>
    internal async Task<DrainReport?> ReportAsync()
    {
        var reports = await (await ReaderAsync()).GetRequiredService<IDrainReports>().ListAsync(10, None);
        Assert.True(reports.Length < 2, "The silo was drained more than once.");
        return reports.SingleOrDefault();
    }

    /// <summary>Gets what was told of a run.</summary>
    internal async Task<DrainedRun> ToldAsync(RunHandle run)
    {
        var report = await ReportAsync();
        Assert.NotNull(report);
        return Assert.Single(report.Runs, one => one.RunId == run.Id);
    }

    /// <summary>Starts a silo again on what was left behind.</summary>
    internal async Task RestartAsync(Func<NodeContext, Task>? script = null)
    {
        await Cluster.DisposeAsync();
        Cluster = await ClusterAsync(new DrainOptions(), Prompt, script, configure: null);
    }

    public async ValueTask DisposeAsync()
    {
        Hooks.Before = Hooks.After = LogHooks.Before = ReportHooks.Before = _ => Task.CompletedTask;
        Hooks.BeforeEnd = _ => Task.CompletedTask;
        await Cluster.DisposeAsync();
        if (_reader is not null)
        {
            await _reader.DisposeAsync();
        }

        _store.Dispose();
    }

    private Task<RunCluster> ClusterAsync(
        DrainOptions drain, TimeSpan nodeGrace, Func<NodeContext, Task>? script, Action<ISiloBuilder>? configure) =>
        RunCluster.StartAsync(options =>
        {
            options.Store = _store;
            options.Configure = runs =>
            {
                runs.AddGraph(Scripted, new ScriptedGraph(ScriptReached, script ?? (_ => Task.CompletedTask)));
                runs.Configure<RunsOptions>(one => one.NodeCancellationGrace = nodeGrace);
                runs.Configure<DrainOptions>(one => (one.Timeout, one.PersistReserve, one.SuperstepGrace) =
                    (drain.Timeout, drain.PersistReserve, drain.SuperstepGrace));
            };
            options.ConfigureSilo = silo =>
            {
                silo.Services.AddLogging(logging => logging.AddProvider(_logs));
                configure?.Invoke(silo);
            };
        });

    private static Task StoppingOf(RunCluster cluster)
    {
        var stopping = New();
        cluster.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => stopping.TrySetResult());
        return stopping.Task;
    }

    private async Task<ServiceProvider> ReaderAsync() => _reader ??= await _store.OpenReaderAsync();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>first, scripted, last.</summary>
    private sealed class ScriptedGraph(TaskCompletionSource reached, Func<NodeContext, Task> script) : IGraph<SampleState>
    {
        public void Build(GraphBuilder<SampleState> graph)
        {
            var first = graph.AddNode("first", (state, node) => state with { Done = state.Done.Append(node.Node) });
            var scripted = graph.AddNode("scripted", async (state, node) =>
            {
                reached.TrySetResult();
                await script(node);
                return state with { Done = state.Done.Append(node.Node) };
            });
            var last = graph.AddNode("last", (state, node) => state with { Done = state.Done.Append(node.Node) });
            graph.AddPath(Node.Start, first, scripted, last, Node.End);
        }
    }

    private sealed class RecordedLogs : ILoggerProvider, ILogger
    {
        internal ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception?.Message}");

        public void Dispose() => Lines.Enqueue("");
    }
}
