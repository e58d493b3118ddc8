using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Executes runs of one thread with the real executor.</summary>
/// <remarks>Each attempt has a scheduler of its own that does one thing at a time, as a grain's does.</remarks>
internal sealed class RunBench
{
    /// <summary>A thousand supersteps, each of them durable, may take a slow disk longer than anything else hangs.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly NodeScheduler _threads = new(8, TimeProvider.System);
    private readonly CompiledGraph _graph;
    private readonly IThreadLogStore _store;
    private readonly RunExecutor _executor;

    internal RunBench(CompiledGraph graph, IThreadLogStore store)
    {
        _graph = graph;
        _store = store;
        var graphs = Graphs = new GraphRegistry([new GraphRegistration(graph.Name, _ => graph)], NoServices.Instance);
        var instruments = new RunInstruments(NoServices.Instance);
        var nodes = new NodeRunner(
            _threads,
            new NodeCache(Options.Create(new RunNodesOptions()), TimeProvider.System),
            NoServices.Instance,
            Options.Create(new RunsOptions()),
            instruments,
            TimeProvider.System,
            NullLogger<NodeRunner>.Instance);
        Reader = new ThreadReader(store, Catalog, graphs);
        _executor = new RunExecutor(
            graphs,
            store,
            Catalog,
            Reader,
            nodes,
            Turns,
            instruments,
            TimeProvider.System,
            NullLogger<RunExecution>.Instance);
        Thread = Rows.Thread(graph);
        EventReader = new RunEventReader(store, Reader, graphs);
    }

    /// <summary>Gets the turns of the bench's silo.</summary>
    internal SuspectTurns Turns { get; } = new(
        Options.Create(new RunRecoveryOptions { AloneTime = TimeSpan.FromSeconds(1) }), TimeProvider.System);

    /// <summary>Gets a reader of the events of the bench's runs.</summary>
    internal RunEventReader EventReader { get; }

    internal GraphRegistry Graphs { get; }

    internal ThreadReader Reader { get; }

    /// <summary>Gets the catalog that the reader asks. Runs are executed without it.</summary>
    internal MemoryRunCatalog Catalog { get; } = new();

    internal ThreadRow Thread { get; }

    internal int RecursionLimit { get; init; } = 100_000;

    internal RecoveryPolicy RecoveryPolicy { get; init; }

    /// <summary>Executes an attempt with an input.</summary>
    internal Task<RunOutcome> ExecuteAsync(
        object input, string run = "run-1", int attempt = 1, IRunEvents? events = null, RunStop? stop = null) =>
        ExecuteAsync(Request(run) with { Input = JsonSerializer.Serialize(input) }, attempt, events, stop);

    /// <summary>Executes a run that goes on with what is planned.</summary>
    internal Task<RunOutcome> GoOnAsync(string run) => ExecuteAsync(Request(run), 1, null);

    /// <summary>Executes a run that forks a checkpoint.</summary>
    internal Task<RunOutcome> ForkAsync(string run, string checkpointId) =>
        ExecuteAsync(Request(run) with { CheckpointId = checkpointId }, 1, null);

    /// <summary>Closes the log of a run that does not execute any more.</summary>
    /// <param name="run">The run.</param>
    /// <param name="end">How it ends.</param>
    /// <param name="rollBack">Whether the thread returns to its state before it.</param>
    /// <param name="change">What has become of its row since whoever closes it has read that; nothing, unless given.</param>
    internal Task CloseAsync(string run, EndLogRecord end, bool rollBack, Func<RunRow, RunRow>? change = null)
    {
        var row = Rows.Claimed(Thread, Request(run), attempt: 1);
        var catalog = new OneRunCatalog { Row = change is null ? row : change(row) };
        return new RunClosing(_store, catalog, TimeProvider.System).CloseAsync(row, end, rollBack, CancellationToken.None);
    }

    /// <summary>Reads the thread's newest state.</summary>
    internal async Task<TState> StateAsync<TState>()
        where TState : GraphState =>
        (TState)(await Reader.FindAsync(Thread, null, CancellationToken.None))!.Checkpoint.State;

    private StartRunRequest Request(string run) => new()
    {
        RunId = run,
        Graph = _graph.Name,
        RecursionLimit = RecursionLimit,
        RecoveryPolicy = RecoveryPolicy,
    };

    private Task<RunOutcome> ExecuteAsync(StartRunRequest request, int attempt, IRunEvents? events, RunStop? stop = null)
    {
        var row = Rows.Claimed(Thread, request, attempt);
        return Task.Factory.StartNew(
                () => _executor.ExecuteAsync(row, events ?? new RecordedEvents(), stop ?? new RunStop(), retries: 0),
                CancellationToken.None,
                TaskCreationOptions.DenyChildAttach,
                new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler)
            .Unwrap()
            .WithinAsync($"attempt {attempt} of {request.RunId} to end", Bound);
    }

    private sealed class NoServices : IServiceProvider, IMeterFactory
    {
        internal static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;

        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}

/// <summary>Remembers which checkpoints were told.</summary>
internal sealed class RecordedEvents : IRunEvents
{
    private readonly ConcurrentQueue<string> _told = new();
    private long _next;

    /// <summary>Gets the ids of the checkpoints that were told.</summary>
    internal IReadOnlyList<string> Checkpoints => [.. _told];

    public void ContinueFrom(long next, bool isEnd) => Interlocked.Exchange(ref _next, next);

    public void Publish(string kind, string checkpointNamespace, int step, string? checkpointId, Func<string> data) =>
        Interlocked.Increment(ref _next);

    public long Reserve(int count, bool isEnd) => Interlocked.Add(ref _next, count) - count;

    public void Tell(long first, IReadOnlyList<ToldEvent> events)
    {
        foreach (var told in events.Where(told => told.Kind == RunEventKinds.Checkpoints))
        {
            _told.Enqueue(told.CheckpointId!);
        }
    }

    public void Abandon(long first, int count, bool isUnused)
    {
        // Its numbers stay given: nobody reads them.
    }
}
