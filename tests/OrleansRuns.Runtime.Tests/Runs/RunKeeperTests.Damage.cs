using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose log or database fails them.</summary>
public sealed partial class RunKeeperTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_LogCannotBeRead_EndsAsAnErrorThatSaysSo(bool isDamaged)
    {
        Exception damaged = isDamaged
            ? new InvalidDataException("The entry at position 3 is damaged.")
            : new InvalidOperationException("A mistake in the engine.");
        _executor.Execute = (_, _) => throw damaged;
        _executor.RestFailure = damaged;
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Error, damaged.Message, 1), (keeper.Row.Status, keeper.Row.Error, _executor.Executions));
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    public async Task RunAsync_CancelledAndItsLogCannotBeRead_EndsAndKeepsWhatThereIs(CancelAction action)
    {
        var damaged = new InvalidDataException("The entry at position 3 is damaged.");
        (_executor.RestFailure, _executor.ClosingFailure) = (damaged, damaged);
        await _catalog.BeginAsync("run", 1, "a silo that died", CancellationToken.None);
        await _catalog.RequestCancelAsync("run", action, CancellationToken.None);
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal(
            (RunStatus.Interrupted, StopReason.Cancelled, false, damaged.Message),
            (keeper.Row.Status, keeper.Row.StopReason, keeper.Row.RolledBack, keeper.Row.Error));
    }

    [Fact]
    public async Task RunAsync_DatabaseFailsAndComesBack_TellsHowOftenItWasTried()
    {
        var failures = 0;
        _executor.Execute = (_, _) => ++failures < 3
            ? throw new LogUnavailableException("The database did not answer.")
            : Task.FromResult(new RunOutcome { Status = RunStatus.Success });
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal((RunStatus.Success, 3, 2), (keeper.Row.Status, keeper.Row.Attempt, _executor.Retries));
    }

    [Fact]
    public async Task RunAsync_CloseFailsOnAMistakeInTheEngine_IsNotWrittenAsEnded()
    {
        var mistake = new InvalidOperationException("A mistake in the engine.");
        (_executor.RestFailure, _executor.ClosingFailure) = (mistake, mistake);
        await _catalog.BeginAsync("run", 1, "a silo that died", CancellationToken.None);
        await _catalog.RequestCancelAsync("run", CancelAction.Interrupt, CancellationToken.None);
        using var keeper = Keeper();

        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => keeper.RunAsync().WithinAsync("the keeper to give up"));

        // Its log is not closed: an owner that is not dead could still append to it.
        Assert.Equal((mistake, RunStatus.Running), (thrown, (await FindAsync(keeper)).Status));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WriteEndAsync_ClaimIsNotAnswered_TellsAnAttemptElsewhereFromOneBefore(bool hasBegunElsewhere)
    {
        await _catalog.BeginAsync("run", 1, "a silo that died", CancellationToken.None);
        var claiming = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hooks.Before = call =>
        {
            claiming.TrySetResult();
            return call == nameof(IRunCatalog.BeginAsync) ? answered.Task : Task.CompletedTask;
        };
        using var keeper = Keeper();
        var running = keeper.RunOrBeLeftAsync();
        await claiming.Task.WithinAsync("the keeper to claim");
        if (hasBegunElsewhere)
        {
            await _inner.BeginAsync("run", 2, "another silo", CancellationToken.None);
        }

        keeper.Drain();
        await keeper.WriteEndAsync(CancellationToken.None);

        Assert.Equal(hasBegunElsewhere, keeper.IsFenced);
        await running.WithinAsync("the keeper to be left behind");
        answered.SetResult();
    }

    [Fact]
    public async Task RunAsync_AttemptBeforeWasStoppedForGood_EndsAsItWas()
    {
        _executor.Execute = (_, _) => Task.FromResult(
            new RunOutcome { Status = RunStatus.Interrupted, StopReason = StopReason.Drained });
        _inner.Row = _inner.Row with { Request = """{"runId":"run","graph":"graph","recoveryPolicy":"stop"}""" };
        using var keeper = Keeper();

        await keeper.RunAsync().WithinAsync("the keeper to end");

        Assert.Equal(
            (RunStatus.Interrupted, StopReason.Drained, false), (keeper.Row.Status, keeper.Row.StopReason, keeper.Row.Resumable));
    }

    [Fact]
    public async Task RunAsync_GivenUpWhileItClaims_LeavesTheAttemptToTheNextKeeper()
    {
        var (claiming, claimed) = (Source(), Source());
        var (executing, executed) = (Source(), Source());
        var claims = 0;
        _hooks.Before = call =>
        {
            if (call != nameof(IRunCatalog.BeginAsync) || Interlocked.Increment(ref claims) > 1)
            {
                return Task.CompletedTask;
            }

            claiming.SetResult();
            return claimed.Task;
        };
        _executor.Execute = async (_, _) =>
        {
            executing.TrySetResult();
            await executed.Task;
            return new RunOutcome { Status = RunStatus.Success };
        };
        using var late = Keeper();
        var givenUp = late.RunAsync();
        await claiming.Task.WithinAsync("the first keeper to claim");
        await late.StopAsync();
        await late.AbandonAsync();
        using var next = Keeper();
        var running = next.RunAsync();
        await executing.Task.WithinAsync("the second keeper to execute");

        // Both have the same attempt of the same silo in their hands now.
        claimed.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp.WithinAsync("the first keeper to end"));
        executed.SetResult();
        await running.WithinAsync("the second keeper to end");

        Assert.Equal(1, _executor.Executions);
        Assert.Equal(RunStatus.Success, (await FindAsync(next)).Status);

        static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
