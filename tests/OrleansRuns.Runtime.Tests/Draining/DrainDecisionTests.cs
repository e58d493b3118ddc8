using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class DrainDecisionTests
{
    private static readonly CancelAction?[] Intents = [null, .. Enum.GetValues<CancelAction>().Cast<CancelAction?>()];

    [Fact]
    public void EndOf_EverythingThatCanBe_IsWhatTheContractSays()
    {
        var seen = new HashSet<DrainedAs>();
        foreach (var (ended, intent, isDrained, policy) in
            from ended in new[] { RunStatus.Success, RunStatus.Error, RunStatus.Timeout, RunStatus.Interrupted }
            from intent in Intents
            from isDrained in new[] { false, true }
            from policy in Enum.GetValues<RecoveryPolicy>()
            select (ended, intent, isDrained, policy))
        {
            var end = DrainDecision.EndOf(ended, intent, isDrained, policy);

            // Each rule of the contract on its own.
            var isLeft = end is DrainedAs.Resumable or DrainedAs.Stopped;
            Assert.Equal(ended != RunStatus.Interrupted && intent is null, end == DrainedAs.AsItEnded);
            Assert.True(intent is null || end == DrainedAs.Cancelled, "An accepted cancel does not win.");
            Assert.False(isLeft && intent is not null, "The drain has overwritten a cancel.");
            Assert.False(isLeft && !isDrained, "A run is left behind on a silo that does not stop.");
            Assert.False(isLeft && ended != RunStatus.Interrupted, "The drain has overwritten an end.");
            Assert.False(end == DrainedAs.Resumable && policy == RecoveryPolicy.Stop);
            Assert.False(end == DrainedAs.Stopped && policy == RecoveryPolicy.Resume);
            seen.Add(end);
        }

        Assert.Equal(Enum.GetValues<DrainedAs>(), seen.Order());
    }

    [Theory]
    [InlineData(RunStatus.Pending)]
    [InlineData(RunStatus.Running)]
    public void EndOf_StatusThatIsNoEnd_IsRefused(RunStatus status) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => DrainDecision.EndOf(status, intent: null, isDrained: true, RecoveryPolicy.Resume));

    [Fact]
    public void Next_EveryPhaseAndProgress_NeverWaitsForWhatIsOverAndNeverActsOnWhatIsSettled()
    {
        foreach (var (phase, progress) in
            from phase in Enum.GetValues<DrainPhase>() from progress in Enum.GetValues<DrainProgress>() select (phase, progress))
        {
            var step = DrainDecision.Next(phase, progress);

            Assert.Equal(progress == DrainProgress.Settled, step == DrainStep.Done);
            Assert.Equal(phase == DrainPhase.Reporting && progress != DrainProgress.Settled, step == DrainStep.GiveUp);
            Assert.True(step != DrainStep.Cancel || phase == DrainPhase.Cancelling, $"{phase} {progress}");
            Assert.Equal(
                phase != DrainPhase.Reporting
                    && (progress == DrainProgress.Unsettled || (phase, progress) == (DrainPhase.Writing, DrainProgress.Working)),
                step == DrainStep.Write);
        }
    }

    [Fact]
    public void OutcomeOf_EverythingThatCanBe_HasOneOutcome()
    {
        foreach (var (status, isDrained, isSettled, isWrittenForIt) in
            from status in Enum.GetValues<RunStatus>()
            from isDrained in new[] { false, true }
            from isSettled in new[] { false, true }
            from isWrittenForIt in new[] { false, true }
            where !isDrained || status == RunStatus.Interrupted
            select (status, isDrained, isSettled, isWrittenForIt))
        {
            var outcome = DrainDecision.OutcomeOf(status, isDrained, isSettled, isWrittenForIt);

            var isEnded = status is RunStatus.Success or RunStatus.Error or RunStatus.Timeout;
            Assert.Equal(!isSettled, outcome == DrainOutcome.NotPersisted);
            Assert.True(!isEnded || !isSettled || outcome == DrainOutcome.Completed, $"{status}: {outcome}");
            Assert.True(outcome != DrainOutcome.TimedOut || isWrittenForIt, $"{status}: {outcome}");
            Assert.True(outcome != DrainOutcome.Completed || !isDrained, $"{status}: {outcome}");
        }
    }
}
