using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose silo stops while the database takes its time, or loses its answers.</summary>
public sealed partial class RunKeeperTests
{
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
}
