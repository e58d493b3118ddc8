using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class DrainCoordinatorTests
{
    [Fact]
    public async Task DrainAsync_OneRunThrowsWhateverItIsAsked_TheOthersAreDrainedAndItsEndIsWritten()
    {
        using var services = new ServiceCollection().AddMetrics().AddSingleton<RunInstruments>().BuildServiceProvider();
        using var clock = new DrainClock(
            DrainSchedule.Of(new DrainOptions { Timeout = TimeSpan.FromSeconds(2) }, TimeSpan.Zero), TimeProvider.System);
        var coordinator = new DrainCoordinator(
            services.GetRequiredService<RunInstruments>(), TimeProvider.System, NullLogger<DrainCoordinator>.Instance);
        var (broken, good) = (new StubRun("broken", throws: true), new StubRun("good", throws: false));

        var drained = await coordinator.DrainAsync([broken, good], clock);

        Assert.Equal(
            [("broken", DrainOutcome.TimedOut), ("good", DrainOutcome.Interrupted)],
            drained.Select(run => (run.RunId, run.Outcome)).Order());
    }

    /// <summary>Stops when it is asked to, or throws and waits until its end is written for it.</summary>
    private sealed class StubRun(string runId, bool throws) : IDrainedRun
    {
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public RunRow Row { get; private set; } = Rows.Running(runId);

        public RunPace Pace { get; } = new();

        public Task Completion => _completion.Task;

        public bool IsSettled => Row.Status != RunStatus.Running;

        public bool IsFenced => false;

        public bool IsWrittenForIt { get; private set; }

        public bool HasLeftNodes => false;

        public string? CheckpointId => null;

        public void Drain()
        {
            ObjectDisposedException.ThrowIf(throws, this);
            End();
            _completion.SetResult();
        }

        public Task CancelForDrainAsync() => throws ? throw new ObjectDisposedException(runId) : Task.CompletedTask;

        public Task WriteEndAsync(CancellationToken cancellationToken)
        {
            IsWrittenForIt = true;
            End();
            return Task.CompletedTask;
        }

        public void GiveUp() => ObjectDisposedException.ThrowIf(throws, this);

        private void End() =>
            Row = Row with { Status = RunStatus.Interrupted, StopReason = StopReason.Drained, Resumable = true };
    }
}
