using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A silo as far as a drain goes: keepers that execute real graphs, in their grains' stead.</summary>
internal sealed class SimulatedSilo : IServiceProvider, IDisposable
{
    private readonly string _owner;
    private readonly SimulatedDatabase _database;
    private readonly SimulatedConnection _connection;
    private readonly VirtualTime _time;
    private readonly ISimulatedNodes _nodes;
    private readonly NodeScheduler _scheduler;
    private readonly RunExecutor _executor;
    private readonly Dictionary<string, RunKeeper> _keepers = new(StringComparer.Ordinal);

    internal SimulatedSilo(
        string owner,
        SimulatedDatabase database,
        SimulatedConnection connection,
        ISimulatedNodes nodes,
        TimeSpan nodeGrace,
        VirtualTime time)
    {
        (_owner, _database, _connection, _nodes, _time) = (owner, database, connection, nodes, time);
        // On the simulation's own thread: threads of its own would come in whatever order they like.
        _scheduler = new NodeScheduler(64, time, TaskScheduler.FromCurrentSynchronizationContext());
        var runner = new NodeRunner(
            _scheduler,
            new NodeCache(Options.Create(new RunNodesOptions()), time),
            this,
            Options.Create(new RunsOptions { NodeCancellationGrace = nodeGrace }),
            Instruments,
            time,
            NullLogger<NodeRunner>.Instance);
        _executor = new RunExecutor(
            SimulatedGraph.Registry,
            connection,
            connection,
            new ThreadReader(connection, connection, SimulatedGraph.Registry),
            runner,
            new SuspectTurns(Options.Create(new RunRecoveryOptions()), time),
            Instruments,
            time,
            NullLogger<RunExecution>.Instance);
    }

    /// <summary>Gets the instruments of all simulated silos. A meter lives as long as the process.</summary>
    internal static RunInstruments Instruments { get; } = new(Meters.Instance);

    /// <summary>Gets how many drained runs the metric counts whose last write was not confirmed, so far.</summary>
    internal static long CountedMisses => Meters.Instance.Misses;

    internal LiveRuns Live { get; } = new(new RecoverySignal());

    /// <summary>Gets the keepers that ever worked here, by run.</summary>
    internal IReadOnlyDictionary<string, RunKeeper> Keepers => _keepers;

    /// <summary>Works on a run until there is nothing more to do for it here, as its grain does.</summary>
    internal async Task KeepAsync(string runId)
    {
        var keeper = new RunKeeper(
            _database.RowOf(runId),
            _owner,
            new RunEventBuffer(1000, 1_000_000, _time),
            _connection,
            _executor,
            Instruments,
            _time,
            NullLogger.Instance);
        if (!Live.TryEnter(keeper))
        {
            return;
        }

        _keepers[runId] = keeper;
        try
        {
            await keeper.RunOrBeLeftAsync();
        }
        catch (Exception exception) when (
            keeper.IsGivenUp && (exception is OperationCanceledException || Persistence.IsTransient(exception)))
        {
            // The drain has ended without it, and tells so.
        }
        catch (Exception exception)
        {
            _database.Problem($"the keeper of {runId} failed: {exception}");
        }
        finally
        {
            Live.Leave(keeper, keeper.Row.IsFinal);
        }
    }

    public object? GetService(Type serviceType) => serviceType == typeof(ISimulatedNodes) ? _nodes : null;

    public void Dispose() => _scheduler.Dispose();

    private sealed class Meters : IMeterFactory
    {
        private readonly MeterListener _listener = new();
        private long _misses;

        internal static Meters Instance { get; } = new();

        internal long Misses => Interlocked.Read(ref _misses);

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter && instrument.Name == "orleansruns.drain.persist.failures")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _misses, count));
            _listener.Start();
            return meter;
        }

        public void Dispose() => _listener.Dispose();
    }
}

/// <summary>Remembers of which runs an error was logged.</summary>
internal sealed class RecordedErrors<T> : ILogger<T>
{
    private readonly List<(int EventId, string? RunId)> _errors = [];

    internal IReadOnlyList<(int EventId, string? RunId)> Errors => _errors;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        _errors.Add((eventId.Id, values.FirstOrDefault(value => value.Key == "RunId").Value as string));
    }
}
