using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed partial class RunKeeperTests
{
    private const string Owner = "this silo";

    private readonly OneRunCatalog _inner = new();
    private readonly StoreHooks _hooks = new();
    private readonly HookedRunCatalog _catalog;
    private readonly ScriptedExecutor _executor = new();

    public RunKeeperTests() => _catalog = new HookedRunCatalog(_inner, _hooks);

    [Fact]
    public async Task RunAsync_ExecutionSucceeds_WritesSuccess()
    {
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Success, 1), (keeper.Row.Status, keeper.Row.Attempt));
        Assert.Equal(keeper.Row, await FindAsync(keeper));
    }

    [Fact]
    public async Task RunAsync_AnotherAttemptHasBegun_IsFencedAndWritesNothing()
    {
        using var keeper = Keeper();
        var taken = await _catalog.BeginAsync(keeper.Row.RunId, 1, "another silo", CancellationToken.None);

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.True(keeper.IsFenced);
        Assert.Equal(0, _executor.Executions);
        Assert.Equal(taken, await FindAsync(keeper));
    }

    [Fact]
    public async Task RunAsync_ExecutionIsFenced_WritesNoStatus()
    {
        _executor.Execute = (_, _) => Task.FromResult(new RunOutcome { IsFenced = true });
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.True(keeper.IsFenced);
        Assert.Equal(RunStatus.Running, (await FindAsync(keeper)).Status);
    }

    [Fact]
    public async Task RunAsync_TakenOverWhileExecuting_WritesNoStatus()
    {
        RunRow? taken = null;
        _executor.Execute = async (run, _) =>
        {
            taken = await _catalog.BeginAsync(run.RunId, 2, "another silo", CancellationToken.None);
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.True(keeper.IsFenced);
        Assert.Equal(taken, await FindAsync(keeper));
    }

    [Fact]
    public async Task RunAsync_TakenOverAsACancelTells_LeavesTheOthersAttemptAlone()
    {
        RunRow? taken = null;
        _executor.ExecuteStop = async stop =>
        {
            await _catalog.BeginAsync("run", 2, "another silo", CancellationToken.None);
            taken = await _catalog.RequestCancelAsync("run", CancelAction.Interrupt, CancellationToken.None);
            await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var keeper = Keeper();
        var running = keeper.RunAsync();

        await keeper.CancelAsync(taken!);
        await running.WithinAsync("the keeper to end");

        Assert.True(keeper.IsFenced);
        Assert.Empty(_executor.Closings);
        Assert.Equal(taken, await FindAsync(keeper));
    }

    [Fact]
    public async Task CancelAsync_ExecutionHasClaimedNothing_ClosesTheLogBeforeItEnds()
    {
        // As one does that waits for its turn. An earlier owner that stands still could otherwise go on behind the final status.
        _executor.Execute = async (_, stop) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var keeper = Keeper();
        var running = keeper.RunAsync();
        var row = await _catalog.RequestCancelAsync("run", CancelAction.Interrupt, CancellationToken.None);

        await keeper.CancelAsync(row!);
        await running.WithinAsync("the keeper to end");

        Assert.Equal(StopReason.Cancelled, Assert.Single(_executor.Closings).Outcome.StopReason);
        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (keeper.Row.Status, keeper.Row.StopReason));
    }

    [Fact]
    public async Task RunAsync_AnswerOfTheClaimIsLost_GoesOnWithTheSameAttempt()
    {
        var lost = 0;
        _hooks.After = call => call == nameof(IRunCatalog.BeginAsync) && Interlocked.Increment(ref lost) == 1
            ? throw new TimeoutException("The answer was lost.")
            : Task.CompletedTask;
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Success, 1), (keeper.Row.Status, keeper.Row.Attempt));
        Assert.Equal(1, _executor.Executions);
    }

    [Fact]
    public async Task RunAsync_LogIsUnavailable_GoesOnInTheNextAttempt()
    {
        _executor.Execute = (run, _) => run.Attempt == 1
            ? throw new LogUnavailableException("The log did not answer.")
            : Task.FromResult(new RunOutcome { Status = RunStatus.Success });
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Success, 2), (keeper.Row.Status, keeper.Row.Attempt));
    }

    [Fact]
    public async Task RunAsync_ExecutionThrowsUnexpectedly_EndsAsError()
    {
        _executor.Execute = (_, _) => throw new InvalidOperationException("A mistake in the engine.");
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Error, "A mistake in the engine."), (keeper.Row.Status, keeper.Row.Error));
    }

    [Fact]
    public async Task CancelAsync_CallbackThrows_CancelsAllTheSame()
    {
        _executor.Execute = async (_, stop) =>
        {
            stop.Register(() => throw new InvalidOperationException("A callback of a node."));
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var keeper = Keeper();
        var running = keeper.RunAsync();
        var row = await _catalog.RequestCancelAsync(keeper.Row.RunId, CancelAction.Interrupt, CancellationToken.None);

        await keeper.CancelAsync(row!);
        await running.WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (keeper.Row.Status, keeper.Row.StopReason));
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    public async Task RunAsync_CancelledWhileNobodyExecuted_ClosesTheLogBeforeItEnds(CancelAction action)
    {
        await _catalog.BeginAsync("run", 1, "a dead silo", CancellationToken.None);
        await _catalog.RequestCancelAsync("run", action, CancellationToken.None);
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        var closing = Assert.Single(_executor.Closings);
        Assert.Equal((StopReason.Cancelled, action == CancelAction.Rollback), (closing.Outcome.StopReason, closing.RollBack));
        Assert.Equal(0, _executor.Executions);
        Assert.Equal((RunStatus.Interrupted, 1), (keeper.Row.Status, keeper.Row.Attempt));
        Assert.Equal(action == CancelAction.Rollback, keeper.Row.RolledBack);
    }

    [Fact]
    public async Task RunAsync_CancelledBeforeItBegan_HasNoLogToClose()
    {
        await _catalog.RequestCancelAsync("run", CancelAction.Rollback, CancellationToken.None);
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Empty(_executor.Closings);
        Assert.True(keeper.Row is { Status: RunStatus.Interrupted, RolledBack: true, Attempt: 0 });
    }

    [Fact]
    public async Task RunAsync_RollbackIsImpossible_EndsWithItsCheckpointsAndSaysWhy()
    {
        _executor.ClosingFailure = new RollbackImpossibleException("run", "it is gone.");
        await _catalog.BeginAsync("run", 1, "a dead silo", CancellationToken.None);
        await _catalog.RequestCancelAsync("run", CancelAction.Rollback, CancellationToken.None);
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.True(keeper.Row is { Status: RunStatus.Interrupted, RolledBack: false });
        Assert.Contains("it is gone.", keeper.Row.Error, StringComparison.Ordinal);
        Assert.False(Assert.Single(_executor.Closings).RollBack);
    }

    [Fact]
    public async Task RunAsync_SuccessRefusedByARollback_RollsBack()
    {
        _executor.Execute = async (run, _) =>
        {
            await _catalog.RequestCancelAsync(run.RunId, CancelAction.Rollback, CancellationToken.None);
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.True(keeper.Row is { Status: RunStatus.Interrupted, RolledBack: true });
        Assert.True(Assert.Single(_executor.Closings).RollBack);
    }

    [Theory]
    [InlineData(RunStatus.Success, RunStatus.Success)]
    [InlineData(RunStatus.Interrupted, RunStatus.Timeout)]
    [Proves(ContractLine.Ended, Trial.WriteIsSlow)]
    public async Task RunAsync_TimeIsOverWhileItsEndIsWritten_IsWhatTheLogSays(RunStatus inTheLog, RunStatus expected)
    {
        _inner.Row = _inner.Row with
        {
            Request = """{"runId":"run","graph":"graph","timeout":"00:00:00.010"}""",
            StartedAt = TimeProvider.System.GetUtcNow(),
        };
        _executor.ExecuteStop = async stop =>
        {
            var isOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var _ = stop.Token.Register(isOver.SetResult);
            await isOver.Task.WithinAsync("the run's time to be over");
            return inTheLog == RunStatus.Success ? new RunOutcome { Status = inTheLog } : stop.Outcome;
        };
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal(expected, (await FindAsync(keeper)).Status);
    }

    [Fact]
    public async Task StopAsync_RunIsActive_StaysResumable()
    {
        _executor.Execute = async (_, stop) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var keeper = Keeper();
        var running = keeper.RunAsync();

        await keeper.StopAsync();
        await running.WithinAsync("the keeper to end");

        var row = await FindAsync(keeper);
        Assert.Equal((RunStatus.Interrupted, StopReason.Drained, true), (row.Status, row.StopReason, row.Resumable));
        Assert.False(row.IsFinal);
    }

    [Fact]
    public async Task AbandonAsync_DatabaseStaysAway_GivesUp()
    {
        var tried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hooks.Before = call =>
        {
            if (call == nameof(IRunCatalog.EndAsync))
            {
                tried.TrySetResult();
                throw new TimeoutException("The database did not answer.");
            }

            return Task.CompletedTask;
        };
        using var keeper = Keeper();
        var running = keeper.RunAsync();
        await tried.Task.WithinAsync("the keeper to write the end");

        await keeper.AbandonAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WithinAsync("the keeper to give up"));
        Assert.Equal(RunStatus.Running, keeper.Row.Status);
        Assert.True(keeper.Completion.IsCompleted);
    }

    [Fact]
    public void Newer_AnswersThatCrossed_NeverGoBack()
    {
        var began = Row(RunStatus.Running, attempt: 1, minute: 1);
        var cancelled = began with { CancelAction = CancelAction.Interrupt, UpdatedAt = At(2) };
        var ended = cancelled with { Status = RunStatus.Interrupted, UpdatedAt = At(3) };
        var next = Row(RunStatus.Running, attempt: 2, minute: 2);

        Assert.Equal(cancelled, RunRows.Newer(began, cancelled));
        Assert.Equal(cancelled, RunRows.Newer(cancelled, began));
        Assert.Equal(ended, RunRows.Newer(cancelled, ended));
        Assert.Equal(ended, RunRows.Newer(ended, cancelled));
        Assert.Equal(next, RunRows.Newer(began, next));
        Assert.Equal(next, RunRows.Newer(next, began));
    }

    [Fact]
    public void Newer_ClockWasSetBack_GoesByWhatARowCanBecome()
    {
        var began = Row(RunStatus.Running, attempt: 1, minute: 2);
        var drained = began with { Status = RunStatus.Interrupted, Resumable = true, UpdatedAt = At(1) };

        Assert.True(RunRows.Newer(began, drained).Resumable);
        Assert.True(RunRows.Newer(drained, began).Resumable);
    }

    private static DateTimeOffset At(int minute) => DateTimeOffset.UnixEpoch.AddMinutes(minute);

    private static RunRow Row(RunStatus status, int attempt, int minute) => new()
    {
        RunId = "run",
        ThreadId = "thread",
        LogId = "log",
        Graph = "graph",
        Fingerprint = "",
        Request = "{}",
        Status = status,
        Attempt = attempt,
        CreatedAt = At(0),
        UpdatedAt = At(minute),
    };

    private RunKeeper Keeper()
    {
        using var services = Instruments();
        return Keeper(services.GetRequiredService<RunInstruments>());
    }

    private static ServiceProvider Instruments() =>
        new ServiceCollection().AddMetrics().AddSingleton<RunInstruments>().BuildServiceProvider();

    private RunKeeper Keeper(RunInstruments instruments) =>
        new(
            _inner.Row,
            Owner,
            new RunEventBuffer(100, 10_000),
            _catalog,
            _executor,
            instruments,
            TimeProvider.System,
            NullLogger.Instance);

    private async Task<RunRow> FindAsync(RunKeeper keeper) =>
        (await _catalog.FindRunAsync(keeper.Row.RunId, CancellationToken.None))!;
}
