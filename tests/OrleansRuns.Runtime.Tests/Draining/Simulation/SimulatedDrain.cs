using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

/// <summary>
/// One drain of a silo whose runs are real, in virtual time: keepers, executions, logs and the drain are the product's. Only the nodes
/// and the database behave as a seed says. Another silo goes on with what the first one leaves.
/// </summary>
internal sealed class SimulatedDrain : ISimulatedNodes
{
    /// <summary>When runs begin. Until then, threads get the state that they have from before.</summary>
    internal static readonly TimeSpan RunsBegin = TimeSpan.FromSeconds(1);

    /// <summary>When the drain begins.</summary>
    internal static readonly TimeSpan Begin = TimeSpan.FromSeconds(3);

    /// <summary>Times are multiples of it, so that much happens at the same time.</summary>
    internal static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    private const string OldOwner = "silo-1";
    private const string NewOwner = "silo-2";
    private const int MostRecoveries = 20;
    private static readonly TimeSpan RecoveryPeriod = TimeSpan.FromMilliseconds(500);

    /// <summary>So long after the last run has ended, nothing of the first silo is under way any more.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    private readonly SimulationPump _pump = new();
    private readonly Random _random;
    private readonly TimeSpan _nodeGrace;
    private readonly Dictionary<string, SimulatedRun> _runOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _recoveries = new(StringComparer.Ordinal);
    private readonly SimulatedConnection _newConnection;
    private SimulatedSilo _newSilo = null!;
    private bool _isOldSiloGone;

    internal SimulatedDrain(int seed)
    {
        _random = new Random(seed);
        Options = new DrainOptions
        {
            Timeout = Seconds(2, 6),
            PersistReserve = _random.NextDouble() * 0.8,
            SuperstepGrace = Seconds(0, 4),
        };
        _nodeGrace = Seconds(0, 2);
        Schedule = DrainSchedule.Of(Options, _nodeGrace);
        HurriedAt = _random.Next(4) == 0 ? Seconds(0, 6) : null;
        HasSurvivor = _random.Next(4) > 0;
        Runs = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(at => new SimulatedRun(at, seed, Schedule))];
        Database = new SimulatedDatabase(_pump.Time);
        if (_random.Next(8) == 0)
        {
            Database.StallsFrom = Begin + Milliseconds(_random, 4000) - TimeSpan.FromSeconds(1);
            Database.StallsUntil = Database.StallsFrom + Milliseconds(_random, 5000);
        }

        Connection = new SimulatedConnection(Database, id => _runOf.GetValueOrDefault(id), _random, _pump.Time);
        _newConnection = new SimulatedConnection(Database, _ => null, _random, _pump.Time);
    }

    internal DrainOptions Options { get; }

    internal DrainSchedule Schedule { get; }

    /// <summary>Gets when the drain is told to hurry, counted from its beginning.</summary>
    internal TimeSpan? HurriedAt { get; }

    /// <summary>Gets whether another silo goes on with a run as soon as its row allows, and not only when the first one is gone.</summary>
    internal bool HasSurvivor { get; }

    internal ImmutableArray<SimulatedRun> Runs { get; }

    internal SimulatedDatabase Database { get; }

    /// <summary>Gets how the silo that is drained reaches the database.</summary>
    internal SimulatedConnection Connection { get; }

    /// <summary>Gets the silo that is drained.</summary>
    internal SimulatedSilo Silo { get; private set; } = null!;

    /// <summary>Gets the runs that are drained.</summary>
    internal ImmutableArray<SimulatedRun> Admitted { get; private set; }

    /// <summary>Gets what the drain tells.</summary>
    internal ImmutableArray<DrainedRun> Told { get; private set; }

    /// <summary>Gets when it began, by the clock of the rows.</summary>
    internal DateTimeOffset BegunAt { get; private set; }

    /// <summary>Gets how long it took.</summary>
    internal TimeSpan Elapsed { get; private set; }

    /// <summary>Gets the errors that it logged.</summary>
    internal RecordedErrors<DrainCoordinator> Errors { get; } = new();

    /// <summary>Gets how many misses its metric counts.</summary>
    internal long CountedMisses { get; private set; }

    /// <summary>Gets all that the rows of the admitted runs had said when the drain had ended, and what their logs said.</summary>
    internal IReadOnlyDictionary<string, (ImmutableArray<RunRow> Rows, LogView View)> AtEnd { get; private set; } = null!;

    /// <summary>Gets how nodes behaved whose end fell into the drain.</summary>
    internal List<NodeManner> Manners { get; } = [];

    internal void Execute() => _pump.Run(ExecuteAsync, Bound);

    internal static TimeSpan Milliseconds(Random random, int below) => Grain * random.Next(below / (int)Grain.TotalMilliseconds);

    /// <summary>Tells whether a row is of an attempt that the second silo makes.</summary>
    internal static bool IsTakenOver(RunRow row) => row.Owner == NewOwner;

    async Task ISimulatedNodes.BehaveAsync(NodeContext node, int turn)
    {
        if (!_runOf.TryGetValue(node.RunId, out var run))
        {
            return;
        }

        if (ReferenceEquals(node.Services, _newSilo))
        {
            await _pump.Time.DelayAsync(Milliseconds(_random, 2000), node.CancellationToken);
            return;
        }

        if (_pump.Time.Now > Begin)
        {
            Database.Problem($"{run.Id} began turn {turn} although its silo had asked it to begin no superstep any more");
        }

        try
        {
            await run.BehaveAsync(turn, _pump.Time, node.CancellationToken);
        }
        finally
        {
            if (_pump.Time.Now >= Begin && Told.IsDefault)
            {
                Manners.Add(run.MannerOf(turn));
            }
        }
    }

    private async Task ExecuteAsync()
    {
        using var old = Silo = new SimulatedSilo(OldOwner, Database, Connection, this, _nodeGrace, _pump.Time);
        using var other = _newSilo = new SimulatedSilo(NewOwner, Database, _newConnection, this, _nodeGrace, _pump.Time);
        await Task.WhenAll(Runs.Where(run => run.HasStateBefore).Select(GiveStateAsync));
        Assert.True(_pump.Time.Now < RunsBegin);
        Runs.ToList().ForEach(Admit);
        Database.Changed = row =>
        {
            if (HasSurvivor && row.Resumable)
            {
                Recover(row.RunId);
            }
        };
        var working = Runs.Select(KeepAsync).Concat(Runs.Where(run => run.CancelsAt is not null).Select(CancelAsync)).ToList();

        await DrainAsync();

        _isOldSiloGone = true;
        Runs.ToList().ForEach(run => Recover(run.Id));
        await Task.WhenAll(working.Concat(_recoveries.Values));
        Runs.ToList().ForEach(run => Recover(run.Id));
        await Task.WhenAll(_recoveries.Values);
        await _pump.Time.DelayAsync(Aftermath, CancellationToken.None);
    }

    private async Task DrainAsync()
    {
        await _pump.Time.DelayAsync(Begin - _pump.Time.Now, CancellationToken.None);
        using var clock = new DrainClock(Schedule, _pump.Time);
        BegunAt = _pump.Time.GetUtcNow();
        var admitted = Silo.Live.Close();
        Admitted = [.. admitted.Select(run => _runOf[run.Row.RunId])];
        var missesBefore = SimulatedSilo.CountedMisses;
        if (HurriedAt is { } at)
        {
            _ = HurryAsync(clock, at);
        }

        var told = await new DrainCoordinator(SimulatedSilo.Instruments, _pump.Time, Errors).DrainAsync(admitted, clock);
        Told = told;
        Elapsed = clock.Elapsed;
        CountedMisses = SimulatedSilo.CountedMisses - missesBefore;
        AtEnd = Admitted.ToDictionary(run => run.Id, run => (Database.RowsOf(run.Id).ToImmutableArray(), Database.ViewOf(LogOf(run))));
    }

    private async Task HurryAsync(DrainClock clock, TimeSpan at)
    {
        await _pump.Time.DelayAsync(at, CancellationToken.None);
        clock.Hurry();
        clock.Hurry();
    }

    /// <summary>Gets the id of the log of a run's thread.</summary>
    internal string LogOf(SimulatedRun run) => Database.ThreadOf(run.ThreadId).LogId;

    private async Task GiveStateAsync(SimulatedRun run)
    {
        Database.Admit(run.ThreadId, run.RequestBefore);
        await Silo.KeepAsync(run.RequestBefore.RunId);
    }

    private void Admit(SimulatedRun run)
    {
        var row = Database.Admit(run.ThreadId, run.Request);
        _runOf[run.Id] = _runOf[row.LogId] = run;
    }

    private async Task KeepAsync(SimulatedRun run)
    {
        await _pump.Time.DelayAsync(run.BeginsAt - _pump.Time.Now, CancellationToken.None);
        await Silo.KeepAsync(run.Id);
    }

    /// <summary>Cancels a run as a client does that asks another silo, or the run's own.</summary>
    private async Task CancelAsync(SimulatedRun run)
    {
        await _pump.Time.DelayAsync(run.CancelsAt!.Value - _pump.Time.Now, CancellationToken.None);
        var row = await _newConnection.RequestCancelAsync(run.Id, run.CancelsAs, CancellationToken.None);
        if (run.IsToldOfCancel && Silo.Keepers.GetValueOrDefault(run.Id) is { IsFenced: false } keeper && !row!.IsFinal)
        {
            await keeper.CancelAsync(row);
        }
    }

    private void Recover(string runId)
    {
        if (_recoveries.GetValueOrDefault(runId) is null or { IsCompleted: true })
        {
            _recoveries[runId] = RecoverAsync(runId);
        }
    }

    /// <summary>Goes on with a run on the second silo, if the run is free: stopped by the drain, or its silo is gone.</summary>
    private async Task RecoverAsync(string runId)
    {
        await _pump.Time.DelayAsync(Milliseconds(_random, 300), CancellationToken.None);
        for (var tries = 0; tries < MostRecoveries; tries++)
        {
            if (Database.RowOf(runId) is var row && (row.IsFinal || !(row.Resumable || _isOldSiloGone)))
            {
                return;
            }

            await _newSilo.KeepAsync(runId);
            await _pump.Time.DelayAsync(RecoveryPeriod, CancellationToken.None);
        }
    }

    private TimeSpan Seconds(double from, double to) =>
        TimeSpan.FromSeconds(from) + Milliseconds(_random, (int)((to - from) * 1000));
}
