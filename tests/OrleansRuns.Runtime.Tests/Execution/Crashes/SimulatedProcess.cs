using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>One process that executes attempts with the real executor, until it dies.</summary>
internal sealed class SimulatedProcess : IServiceProvider, INodeDisturbance, IThreadLogStore, IRunEvents
{
    private static readonly NodeScheduler Threads = new(16, TimeProvider.System);
    private static readonly RunInstruments Instruments = new(new Meters());

    private readonly IThreadLogStore _store;
    private readonly SimulatedWorld _world;
    private readonly StoreFault _fault;
    private readonly RunExecutor _executor;
    private readonly TaskCompletionSource _death = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskScheduler _grain = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

    internal SimulatedProcess(CompiledGraph graph, IThreadLogStore store, SimulatedWorld world, StoreFault fault, TimeProvider time)
    {
        (_store, _world, _fault) = (store, world, fault);
        var graphs = new GraphRegistry([new GraphRegistration(graph.Name, _ => graph)], this);
        var nodes = new NodeRunner(
            Threads,
            new NodeCache(Options.Create(new RunNodesOptions()), time),
            this,
            Options.Create(new RunsOptions()),
            Instruments,
            time,
            NullLogger<NodeRunner>.Instance);
        var catalog = new MemoryRunCatalog();
        Reader = new ThreadReader(store, catalog, graphs);
        EventReader = new RunEventReader(store, Reader, graphs);

        // A reader that asks: everything is rendered when it is told.
        Events.Copy(0, RunEventFilter.All);
        _executor = new RunExecutor(
            graphs,
            this,
            catalog,
            new ThreadReader(this, catalog, graphs),
            nodes,
            new SuspectTurns(Options.Create(new RunRecoveryOptions()), time),
            Instruments,
            time,
            NullLogger<RunExecution>.Instance);
    }

    /// <summary>Gets a reader that meets no faults.</summary>
    internal ThreadReader Reader { get; }

    /// <summary>Gets a reader of events that meets no faults.</summary>
    internal RunEventReader EventReader { get; }

    internal bool IsDead { get; set; }

    /// <summary>Gets what the process tells.</summary>
    internal RunEventBuffer Events { get; } = new(int.MaxValue, int.MaxValue);

    /// <summary>Executes an attempt.</summary>
    /// <returns>How it ended; <see langword="null"/> when the process died.</returns>
    internal async Task<RunOutcome?> ExecuteAsync(RunRow row)
    {
        var execution = Task.Factory.StartNew(
            () => _executor.ExecuteAsync(row, this, new RunStop(), retries: 0),
            CancellationToken.None,
            TaskCreationOptions.DenyChildAttach,
            _grain).Unwrap();
        var first = await Task.WhenAny(execution, _death.Task).WithinAsync($"attempt {row.Attempt} of {row.RunId} to end, {_fault}");
        return first == _death.Task ? null : await execution;
    }

    object? IServiceProvider.GetService(Type serviceType) => serviceType == typeof(INodeDisturbance) ? this : null;

    void INodeDisturbance.Enter(NodeContext node) => _world.Enter(this, node);

    void INodeDisturbance.Fail(NodeContext node) => _world.Fail(node);

    Task<AppendOutcome> IThreadLogStore.AppendAsync(
        string logId, long position, LogEntry entry, CancellationToken cancellationToken) =>
        AccessAsync(async () =>
        {
            var outcome = await _store.AppendAsync(logId, position, entry, cancellationToken);
            if (outcome.IsAppended)
            {
                _world.Durable(entry);
            }

            return outcome;
        });

    Task<ImmutableArray<StoredEntry>> IThreadLogStore.ReadLineAsync(
        string logId, long? position, CancellationToken cancellationToken) =>
        AccessAsync(() => _store.ReadLineAsync(logId, position, cancellationToken));

    Task<ImmutableArray<StoredEntry>> IThreadLogStore.ReadPageAsync(
        string logId, long from, int limit, CancellationToken cancellationToken) =>
        AccessAsync(() => _store.ReadPageAsync(logId, from, limit, cancellationToken));

    Task<int> IThreadLogStore.PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
        AccessAsync(() => _store.PruneAsync(logId, below, cancellationToken));

    void IRunEvents.ContinueFrom(long next, bool isEnd) => Events.ContinueFrom(next, isEnd);

    long IRunEvents.Reserve(int count, bool isEnd) => Events.Reserve(count, isEnd);

    void IRunEvents.Abandon(long first, int count, bool isUnused) => Events.Abandon(first, count, isUnused);

    void IRunEvents.Publish(string kind, string checkpointNamespace, int step, string? checkpointId, Func<string> data)
    {
        if (!IsDead)
        {
            _world.Told(checkpointId);
            Events.Publish(kind, checkpointNamespace, step, checkpointId, data);
        }
    }

    void IRunEvents.Tell(long first, IReadOnlyList<ToldEvent> events)
    {
        foreach (var told in events)
        {
            _world.Told(told.CheckpointId);
        }

        Events.Tell(first, events);
    }

    private async Task<T> AccessAsync<T>(Func<Task<T>> access)
    {
        var fault = IsDead ? FaultKind.DiesBefore : _fault.Next();
        if (fault is FaultKind.UnavailableBefore)
        {
            throw new LogUnavailableException("The store did not hear it.");
        }

        // As with every real store, the answer comes later.
        await Task.Yield();
        var answer = fault is FaultKind.DiesBefore ? default : await access();
        switch (fault)
        {
            case FaultKind.DiesBefore or FaultKind.DiesAfter:
                _world.Kill(this);
                _death.TrySetResult();
                return await new TaskCompletionSource<T>().Task;
            case FaultKind.UnavailableAfter:
                throw new LogUnavailableException("The answer was lost.");
            default:
                return answer!;
        }
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
