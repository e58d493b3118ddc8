using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Gets all runs of a silo to safety within one time: asks all at once, waits for all together, and tells of each.</summary>
internal sealed partial class DrainCoordinator(
    RunInstruments instruments, TimeProvider time, ILogger<DrainCoordinator> logger)
{
    /// <summary>How long is waited between two tries to write: what comes back in the last moment has to be noticed.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Drains runs.</summary>
    /// <param name="runs">The runs. The gate is closed: no other begins.</param>
    /// <param name="clock">The time there is.</param>
    /// <returns>What became of each. Never throws.</returns>
    internal async Task<ImmutableArray<DrainedRun>> DrainAsync(IReadOnlyCollection<IDrainedRun> runs, DrainClock clock)
    {
        foreach (var run in runs)
        {
            Try(run, run.Drain);
        }

        var drained = await Task.WhenAll(runs.Select(run => DrainAsync(run, clock)));
        return [.. drained.OfType<DrainedRun>()];
    }

    private async Task<DrainedRun?> DrainAsync(IDrainedRun run, DrainClock clock)
    {
        // Nobody waits for longer than until here, also not for a database that does not answer.
        var gaveUp = clock.Begun(DrainPhase.Reporting);
        Task? writing = null;
        var isCancelled = false;
        while (true)
        {
            var phase = clock.Phase;
            switch (DrainDecision.Next(phase, ProgressOf(run, writing)))
            {
                case DrainStep.Done:
                    return Tell(run, isCancelled, clock.Elapsed, error: null);
                case DrainStep.GiveUp:
                    Try(run, run.GiveUp);
                    return Tell(run, isCancelled, clock.Elapsed, await ErrorOfAsync(writing));
                case DrainStep.Cancel or DrainStep.Write when !isCancelled:
                    isCancelled = true;
                    _ = CancelAsync(run);
                    break;
                case DrainStep.Write:
                    writing = WriteAsync(run, gaveUp);
                    break;
                default:
                    await WaitAsync(run, writing, clock, phase);
                    break;
            }
        }
    }

    private static DrainProgress ProgressOf(IDrainedRun run, Task? writing) =>
        run.Completion.IsCompleted && run.IsSettled ? DrainProgress.Settled
        : writing is { IsCompletedSuccessfully: true } ? DrainProgress.Settled
        : writing is not null ? DrainProgress.Writing
        : run.Completion.IsCompleted ? DrainProgress.Unsettled
        : DrainProgress.Working;

    private static Task WaitAsync(IDrainedRun run, Task? writing, DrainClock clock, DrainPhase phase)
    {
        var next = clock.Begun(phase + 1);
        return (writing, run.Completion.IsCompleted) switch
        {
            (null, _) => Task.WhenAny(run.Completion, next),
            // A write that fails for good is waited for no more; the run's own may still come.
            ({ IsFaulted: true }, false) => Task.WhenAny(run.Completion, next),
            ({ IsFaulted: true }, true) => next,
            (_, false) => Task.WhenAny(run.Completion, writing, next),
            (_, true) => Task.WhenAny(writing, next),
        };
    }

    /// <summary>Asks something of a run. What one throws must not keep the others from being asked.</summary>
    private void Try(IDrainedRun run, Action ask)
    {
        try
        {
            ask();
        }
        catch (Exception exception)
        {
            LogNotCancelled(logger, exception, run.Row.RunId);
        }
    }

    private async Task CancelAsync(IDrainedRun run)
    {
        try
        {
            await run.CancelForDrainAsync();
        }
        catch (Exception exception)
        {
            // What the callbacks of its nodes throw must not keep the others from being cancelled.
            LogNotCancelled(logger, exception, run.Row.RunId);
        }
    }

    /// <summary>Writes a run's end until it is durable or the time is over.</summary>
    private async Task WriteAsync(IDrainedRun run, Task gaveUp)
    {
        using var over = new CancellationTokenSource();
        while (true)
        {
            try
            {
                var write = run.WriteEndAsync(over.Token);
                if (await Task.WhenAny(write, gaveUp) != write)
                {
                    await over.CancelAsync();
                    Observe(write, run);
                    throw new TimeoutException("The database did not answer before the time of the drain was over.");
                }

                await write;
                return;
            }
            catch (Exception exception) when (!gaveUp.IsCompleted && Persistence.IsTransient(exception))
            {
                LogWillWriteAgain(logger, exception, run.Row.RunId);
                await Task.WhenAny(Task.Delay(RetryDelay, time), gaveUp);
            }
        }
    }

    /// <summary>Notes what becomes of a write that nobody waits for any more.</summary>
    private void Observe(Task write, IDrainedRun run) => _ = write.ContinueWith(
        late => LogLateWrite(logger, late.Exception, run.Row.RunId),
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private static async Task<Exception> ErrorOfAsync(Task? writing)
    {
        try
        {
            await (writing ?? Task.CompletedTask);
            return new TimeoutException("Its own write was not confirmed before the time of the drain was over.");
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private DrainedRun? Tell(IDrainedRun run, bool isCancelled, TimeSpan elapsed, Exception? error)
    {
        var row = run.Row;
        if (run.IsFenced)
        {
            // It is another owner's, and what became of it is not this silo's to tell.
            return null;
        }

        var isDrained = row is { Status: RunStatus.Interrupted, StopReason: StopReason.Drained };
        var outcome = DrainDecision.OutcomeOf(row.Status, isDrained, isSettled: error is null, run.IsWrittenForIt);
        if (error is not null)
        {
            LogNotPersisted(logger, error, row.RunId, row.ThreadId, WireName.Of(row.Status));
            instruments.DrainPersistFailed();
        }

        var signal = DrainDecision.SignalOf(isCancelled, isLeftBehind: run.IsWrittenForIt || run.HasLeftNodes);
        instruments.RunDrained(outcome, signal);
        return new DrainedRun
        {
            RunId = row.RunId,
            ThreadId = row.ThreadId,
            Outcome = outcome,
            Status = row.Status,
            StopReason = row.StopReason,
            Resumable = row.Resumable,
            CheckpointId = run.CheckpointId,
            Elapsed = elapsed,
            Error = error?.Message,
            Signal = signal,
        };
    }
}
