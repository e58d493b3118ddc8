using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Drains this silo once when it stops, whatever asks for it and however often; and when an operator wants it.</summary>
/// <remarks>
/// It begins when the application begins to stop, which is before a web server's own graceful stop, and at the latest with the silo's
/// first stage. A token that is cancelled meanwhile makes it hurry, and never abandons it: the last writes keep their time.
/// </remarks>
internal sealed partial class SiloDrain(
    LiveRuns live,
    DrainCoordinator coordinator,
    IDrainReports reports,
    SiloLease lease,
    IHostApplicationLifetime lifetime,
    RunInstruments instruments,
    IOptions<DrainOptions> options,
    IOptions<RunsOptions> runs,
    TimeProvider time,
    ILogger<SiloDrain> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    // Stages stop from the highest number down, and the observers of one stage stop concurrently. At Active the gateway disconnects its
    // clients and recovery ends, so that the gate needs a stage of its own above it.
    internal const int GateStage = ServiceLifecycleStage.Active + 1;

    // The last stage at which existing grains answer and nothing is deactivated yet. Storage closes far below.
    internal const int WaitStage = ServiceLifecycleStage.BecomeActive;

    private readonly Lock _lock = new();
    private CancellationTokenRegistration _stopping;
    private Task<DrainReport>? _draining;
    private DrainClock? _clock;
    private Task<DrainReport>? _forced;
    private DrainClock? _forcedClock;
    private readonly HashSet<string> _forcedIds = new(StringComparer.Ordinal);
    private IReadOnlyList<IDrainedRun> _forcedRuns = [];

    /// <summary>Gets whether a drain is under way.</summary>
    internal bool IsDraining
    {
        get
        {
            lock (_lock)
            {
                return _draining is not null || _forced is { IsCompleted: false };
            }
        }
    }

    public void Participate(ISiloLifecycle lifecycle)
    {
        _stopping = lifetime.ApplicationStopping.Register(() => _ = BeginAsync());
        lifecycle.Subscribe($"{nameof(SiloDrain)}.Gate", GateStage, _ => Task.CompletedTask, CloseGateAsync);
        lifecycle.Subscribe(nameof(SiloDrain), WaitStage, _ => Task.CompletedTask, JoinAsync);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _clock?.Dispose();
        _forcedClock?.Dispose();
    }

    /// <summary>Begins the drain, unless it has begun.</summary>
    /// <returns>The one drain there is. It never fails.</returns>
    internal Task<DrainReport> BeginAsync()
    {
        lock (_lock)
        {
            if (_draining is null && _forced is { IsCompleted: false })
            {
                // What an operator has begun is the same drain, and is over sooner than a new one. Only what was cancelled since then
                // may have come in.
                var late = live.Close().Except(_forcedRuns).ToList();
                _clock = _forcedClock;
                _draining = late.Count == 0 ? _forced : DrainAlsoAsync(_forced, late, _forcedClock!);
            }
            else if (_draining is null)
            {
                var clock = _clock = new DrainClock(DrainSchedule.Of(options.Value, runs.Value.NodeCancellationGrace), time);
                // Before anything is asked of a run: none begins unseen.
                var admitted = live.Close();
                _draining = Task.Run(() => DrainAsync(admitted, clock, time.GetUtcNow()));
            }

            return _draining;
        }
    }

    /// <summary>Drains the silo although it does not stop. It has to be cordoned.</summary>
    /// <param name="drainId">Asked again with it, the same drain answers.</param>
    /// <returns>The drain under this id, or the one that is under way. It never fails.</returns>
    internal Task<DrainReport> DrainNowAsync(string drainId)
    {
        lock (_lock)
        {
            if (_draining is not null)
            {
                return _draining;
            }

            if (_forced is null || (_forced.IsCompleted && !_forcedIds.Contains(drainId)))
            {
                _forcedClock?.Dispose();
                var clock = _forcedClock = new DrainClock(DrainSchedule.Of(options.Value, runs.Value.NodeCancellationGrace), time);
                var admitted = _forcedRuns = live.Cordon();
                _forcedIds.Clear();
                _forced = Task.Run(() => DrainAsync(admitted, clock, time.GetUtcNow()));
            }

            _forcedIds.Add(drainId);
            return _forced;
        }
    }

    /// <summary>Tells whether a drain was asked for under an id, and so need not be begun.</summary>
    internal bool Knows(string drainId)
    {
        lock (_lock)
        {
            return _forcedIds.Contains(drainId);
        }
    }

    /// <summary>Ends the drain as soon as the last writes allow, and begins it when nobody has.</summary>
    internal async Task EndAsync()
    {
        var draining = BeginAsync();
        if (!draining.IsCompleted)
        {
            _clock!.Hurry();
            await draining;
        }
    }

    private Task CloseGateAsync(CancellationToken cancellationToken)
    {
        _ = BeginAsync();
        return Task.CompletedTask;
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        var draining = BeginAsync();
        await using (cancellationToken.Register(() => _clock!.Hurry()))
        {
            await draining;
        }
    }

    private async Task<DrainReport> DrainAlsoAsync(Task<DrainReport> forced, IReadOnlyList<IDrainedRun> late, DrainClock clock)
    {
        var also = Task.Run(() => DrainAsync(late, clock, time.GetUtcNow()));
        await forced;
        return await also;
    }

    private async Task<DrainReport> DrainAsync(IReadOnlyList<IDrainedRun> admitted, DrainClock clock, DateTimeOffset startedAt)
    {
        if (admitted.Count > 0)
        {
            LogBegun(logger, lease.Owner.ToString(), admitted.Count, options.Value.Timeout);
        }

        var report = Report(admitted.Count == 0 ? [] : await coordinator.DrainAsync(admitted, clock), clock.Elapsed, startedAt);
        instruments.Drained(report.Elapsed);
        if (admitted.Count == 0)
        {
            LogIdle(logger, report.Silo);
            return report;
        }

        LogDrained(
            logger,
            report.Silo,
            report.Runs.Count,
            report.Elapsed,
            report.Budget,
            report.Count(DrainOutcome.Completed),
            report.Count(DrainOutcome.Interrupted),
            report.Count(DrainOutcome.TimedOut),
            report.Count(DrainOutcome.NotPersisted),
            report.Count(DrainSignal.Cancellation),
            report.Count(DrainSignal.LeftBehind));
        await SaveAsync(report, clock);
        return report;
    }

    private DrainReport Report(ImmutableArray<DrainedRun> drained, TimeSpan elapsed, DateTimeOffset startedAt) => new()
    {
        Silo = lease.Owner.ToString(),
        StartedAt = startedAt,
        Elapsed = elapsed,
        Budget = options.Value.Timeout,
        Runs = [.. drained.OrderBy(run => run.RunId, StringComparer.Ordinal)],
    };

    private async Task SaveAsync(DrainReport report, DrainClock clock)
    {
        using var over = new CancellationTokenSource();
        try
        {
            var saving = SaveAsync(report, clock.Over, over.Token);
            if (await Task.WhenAny(saving, clock.Over) != saving)
            {
                await over.CancelAsync();
                _ = saving.ContinueWith(
                    late => LogSavedLate(logger, late.Exception, report.Silo),
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
                throw new TimeoutException("The database did not answer before the time of the drain was over.");
            }

            await saving;
        }
        catch (Exception exception)
        {
            // The runs are safe or were told of; the report itself is in the log of the silo.
            LogNotSaved(logger, exception, report.Silo);
        }
    }

    /// <summary>Stores a report, again and again while the database may answer and there is time.</summary>
    private async Task SaveAsync(DrainReport report, Task over, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await reports.SaveAsync(report, cancellationToken);
                return;
            }
            catch (Exception exception) when (!over.IsCompleted && Persistence.IsTransient(exception))
            {
                LogWillSaveAgain(logger, exception, report.Silo);
                await Task.WhenAny(Task.Delay(DrainCoordinator.RetryDelay, time, cancellationToken), over);
            }
        }
    }

    [LoggerMessage(3625, LogLevel.Warning, "The drain report of silo {Silo} could not be stored. It is tried again.")]
    private static partial void LogWillSaveAgain(ILogger logger, Exception exception, string silo);

    [LoggerMessage(3624, LogLevel.Information, "Silo {Silo} drains {Count} runs within {Budget}.")]
    private static partial void LogBegun(ILogger logger, string silo, int count, TimeSpan budget);

    [LoggerMessage(3620, LogLevel.Information,
        "Silo {Silo} drained {Count} runs in {Elapsed} of {Budget}: {Completed} completed, {Interrupted} interrupted, "
        + "{TimedOut} timed out, {NotPersisted} not persisted; {Cancelled} needed a cancellation and {LeftBehind} were left behind.")]
    private static partial void LogDrained(
        ILogger logger,
        string silo,
        int count,
        TimeSpan elapsed,
        TimeSpan budget,
        int completed,
        int interrupted,
        int timedOut,
        int notPersisted,
        int cancelled,
        int leftBehind);

    [LoggerMessage(3621, LogLevel.Information, "Silo {Silo} had no runs to drain.")]
    private static partial void LogIdle(ILogger logger, string silo);

    [LoggerMessage(3622, LogLevel.Error, "The drain report of silo {Silo} could not be stored.")]
    private static partial void LogNotSaved(ILogger logger, Exception exception, string silo);

    [LoggerMessage(3623, LogLevel.Warning, "The drain report of silo {Silo} was answered after the drain had ended.")]
    private static partial void LogSavedLate(ILogger logger, Exception? exception, string silo);
}
