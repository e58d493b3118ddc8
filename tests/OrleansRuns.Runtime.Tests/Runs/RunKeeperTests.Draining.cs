using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose silo stops while the database takes its time, or loses its answers.</summary>
public sealed partial class RunKeeperTests
{
    [Theory]
    [InlineData(true, RunStatus.Interrupted, 1)]
    [InlineData(false, RunStatus.Pending, 0)]
    public async Task Drain_ClaimHasNoAnswer_EndsWhatWasClaimedAndClaimsNothingMore(bool isApplied, RunStatus status, int attempt)
    {
        using var keeper = Keeper();
        Func<string, Task> lose = call =>
        {
            keeper.Drain();
            return call == nameof(IRunCatalog.BeginAsync) ? throw new TimeoutException("Nobody answered.") : Task.CompletedTask;
        };
        (_hooks.Before, _hooks.After) = isApplied ? (_hooks.Before, lose) : (lose, _hooks.After);
        _executor.ExecuteStop = stop => Task.FromResult(stop.Outcome);

        await keeper.RunAsync().WithinAsync("the keeper to end");

        var row = await FindAsync(keeper);
        Assert.Equal((status, attempt, isApplied), (row.Status, row.Attempt, row.Resumable));
        Assert.Equal((row.Status, true), (keeper.Row.Status, keeper.IsSettled));
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    public async Task Drain_CancelledWhileItIsStoppedForGood_EndsAsTheCancelWants(CancelAction action)
    {
        _inner.Row = _inner.Row with { Request = """{"runId":"run","graph":"graph","recoveryPolicy":"stop"}""" };
        _executor.ExecuteStop = stop => Task.FromResult(stop.Outcome);
        _hooks.BeforeEnd = _ => _inner.RequestCancelAsync("run", action, CancellationToken.None);
        using var keeper = Keeper();
        _hooks.After = _ =>
        {
            keeper.Drain();
            return Task.CompletedTask;
        };

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal(
            (RunStatus.Interrupted, StopReason.Cancelled, action == CancelAction.Rollback),
            (keeper.Row.Status, keeper.Row.StopReason, keeper.Row.RolledBack));
    }

    [Fact]
    public async Task WriteEndAsync_RunEndsItselfMeanwhile_IsCountedOnce()
    {
        _inner.Row = _inner.Row with { Request = """{"runId":"run","graph":"graph","recoveryPolicy":"stop"}""" };
        await using var services = Instruments();
        var counted = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Name == "orleansruns.runs.ended" && instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        using var keeper = Keeper(services.GetRequiredService<RunInstruments>());
        var isFirst = true;
        _hooks.BeforeEnd = async _ =>
        {
            if (isFirst)
            {
                isFirst = false;
                await keeper.WriteEndAsync(CancellationToken.None);
            }
        };

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.True(keeper.IsWrittenForIt && keeper.Row.IsFinal);
        Assert.Equal(1, counted);
    }

    [Fact]
    public async Task WriteEndAsync_ClosesTheLogUnderItsAttempt_IsNotTakenForAnotherOwner()
    {
        // Without asynchronous continuations: the attempt has heard that it is fenced when the result is set.
        var fenced = new TaskCompletionSource<RunOutcome>();
        var executing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _executor.ExecuteStop = _ =>
        {
            executing.SetResult();
            return fenced.Task;
        };
        using var keeper = Keeper();
        var isOver = false;
        _hooks.BeforeEnd = _ =>
        {
            fenced.SetResult(new RunOutcome { IsFenced = true });
            isOver = keeper.IsFenced || keeper.Completion.IsCompleted;
            return Task.CompletedTask;
        };
        var running = keeper.RunOrBeLeftAsync();
        await executing.Task.WithinAsync("the keeper to execute");

        keeper.Drain();
        await keeper.WriteEndAsync(CancellationToken.None);
        await running.WithinAsync("the keeper to be left behind");

        Assert.False(isOver);
        Assert.False(keeper.IsFenced);
        Assert.True(keeper.Row is { Status: RunStatus.Interrupted, StopReason: StopReason.Drained, Resumable: true });
    }

    [Theory]
    [InlineData(Owner, false)]
    [InlineData("another silo", true)]
    public async Task WriteEndAsync_NextAttemptIsClaimedMeanwhile_EndsItUnlessItIsAnothers(string claimer, bool isFenced)
    {
        await _inner.BeginAsync("run", 1, Owner, CancellationToken.None);
        using var keeper = Keeper();
        _executor.BeforeClosing = async row =>
        {
            if (row.Attempt == 1)
            {
                // As the log is closed under the row of an attempt that is over.
                await _inner.BeginAsync("run", 2, claimer, CancellationToken.None);
                throw new FencedException("log", 0);
            }
        };

        keeper.Drain();
        await keeper.WriteEndAsync(CancellationToken.None);

        Assert.Equal((isFenced, !isFenced), (keeper.IsFenced, keeper.IsWrittenForIt));
        Assert.Equal(
            isFenced ? (RunStatus.Running, 2, false) : (RunStatus.Interrupted, 2, true),
            (_inner.Row.Status, _inner.Row.Attempt, _inner.Row.Resumable));
    }

    [Fact]
    public async Task WriteEndAsync_RunEndsItselfAndItsThreadGoesOn_TellsHowItEnded()
    {
        await _inner.BeginAsync("run", 1, Owner, CancellationToken.None);
        using var keeper = Keeper();
        _executor.BeforeClosing = async row =>
        {
            // As the log is closed when the run has written its end and the thread's next run has claimed it.
            await _inner.EndAsync(
                new RunEnd { RunId = row.RunId, Attempt = row.Attempt, Status = RunStatus.Success }, CancellationToken.None);
            throw new FencedException("log", 0);
        };

        keeper.Drain();
        await keeper.WriteEndAsync(CancellationToken.None);

        Assert.False(keeper.IsFenced || keeper.IsWrittenForIt);
        Assert.Equal(RunStatus.Success, ((IDrainedRun)keeper).Row.Status);
    }

    [Fact]
    public async Task RunAsync_WhileItsEndIsBeingWritten_ClaimsNoOtherAttempt()
    {
        await _inner.BeginAsync("run", 1, Owner, CancellationToken.None);
        var closing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _executor.BeforeClosing = _ => closing.Task;
        using var keeper = Keeper();
        keeper.Drain();
        var writing = keeper.WriteEndAsync(CancellationToken.None);
        var claims = 0;
        _hooks.Before = call => Task.FromResult(claims += call == nameof(IRunCatalog.BeginAsync) ? 1 : 0);

        var running = keeper.RunOrBeLeftAsync();
        closing.SetResult();
        await Task.WhenAll(writing, running).WithinAsync("the keeper to be left behind");

        Assert.Equal(0, claims);
        Assert.True(keeper.Row is { Status: RunStatus.Interrupted, Attempt: 1, Resumable: true });
    }
}
