using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>The metrics of a silo's runs. Tags have few values: never an id.</summary>
internal sealed class RunInstruments
{
    /// <summary>The name of the meter.</summary>
    internal const string MeterName = "OrleansRuns";

    /// <summary>How much the newest append weighs in what appends take lately.</summary>
    private const double Weight = 0.05;

    private readonly Lock _lock = new();
    private readonly Meter _meter;
    private readonly Counter<long> _started;
    private readonly Counter<long> _ended;
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _supersteps;
    private readonly Histogram<double> _appendDuration;
    private readonly UpDownCounter<long> _leftBehind;
    private readonly Histogram<double> _drainDuration;
    private readonly Counter<long> _drained;
    private readonly Counter<long> _drainFailures;
    private TimeSpan? _usualAppend;

    public RunInstruments(IMeterFactory meters)
    {
        var meter = _meter = meters.Create(MeterName);
        _started = meter.CreateCounter<long>("orleansruns.runs.started", "{run}", "Attempts of runs that began on this silo.");
        _ended = meter.CreateCounter<long>("orleansruns.runs.ended", "{run}", "Runs that this silo brought to a final status.");
        _active = meter.CreateUpDownCounter<long>("orleansruns.runs.active", "{run}", "Runs with live work on this silo.");
        _supersteps = meter.CreateCounter<long>("orleansruns.supersteps", "{superstep}", "Supersteps whose checkpoint is durable.");
        _appendDuration = meter.CreateHistogram<double>(
            "orleansruns.checkpoint.append.duration", "s", "How long the append of a log entry took.");
        _leftBehind = meter.CreateUpDownCounter<long>(
            "orleansruns.nodes.left_behind", "{node}", "Nodes that still run although their run went on without them.");
        _drainDuration = meter.CreateHistogram<double>("orleansruns.drain.duration", "s", "How long the drain of this silo took.");
        _drained = meter.CreateCounter<long>(
            "orleansruns.drain.runs", "{run}", "Runs that were drained, by what became of them and how far the drain had to go.");
        _drainFailures = meter.CreateCounter<long>(
            "orleansruns.drain.persist.failures", "{run}", "Drained runs whose last write was not confirmed.");
    }

    internal void RunStarted() => _started.Add(1);

    internal void RunEnded(RunStatus status) => _ended.Add(1, new KeyValuePair<string, object?>("status", WireName.Of(status)));

    internal void RunActive(int change) => _active.Add(change);

    internal void SuperstepEnded() => _supersteps.Add(1);

    /// <summary>Gets what an append to the log takes lately; zero before the first.</summary>
    internal TimeSpan UsualAppend
    {
        get
        {
            lock (_lock)
            {
                return _usualAppend ?? TimeSpan.Zero;
            }
        }
    }

    internal void Appended(TimeSpan duration, bool isAppended)
    {
        _appendDuration.Record(duration.TotalSeconds, new TagList { { "appended", isAppended } });
        lock (_lock)
        {
            _usualAppend = _usualAppend is { } usual ? usual + ((duration - usual) * Weight) : duration;
        }
    }

    internal void NodeLeftBehind(int change) => _leftBehind.Add(change);

    /// <summary>Lets whoever collects metrics see what a drain would have to do.</summary>
    internal void ObserveForecast(Func<DrainForecast> forecast)
    {
        _meter.CreateObservableGauge(
            "orleansruns.drain.forecast.runs", () => forecast().Runs, "{run}", "Runs that a stop of this silo would have to drain now.");
        _meter.CreateObservableGauge(
            "orleansruns.drain.forecast.duration",
            () => forecast().Duration.TotalSeconds,
            "s",
            "About how long a drain of this silo would take now.");
    }

    internal void Drained(TimeSpan duration) => _drainDuration.Record(duration.TotalSeconds);

    internal void RunDrained(DrainOutcome outcome, DrainSignal signal) =>
        _drained.Add(1, new TagList { { "outcome", WireName.Of(outcome) }, { "signal", WireName.Of(signal) } });

    internal void DrainPersistFailed() => _drainFailures.Add(1);
}
