using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class StrikesTests
{
    private const int Max = 3;

    private static ClaimLogRecord Claimed => LogEntries.Claim() with { Suspicion = null };

    [Fact]
    public void Of_RunThatNobodyClaimed_CountsTheAttemptsThatLeftNoTrace()
    {
        var strikes = Strikes.Of(LogView.Empty, Row(attempt: 4));

        Assert.Empty(strikes.LostOwners);
        Assert.Equal(3, strikes.Unlogged);
        // What the same silo has tried again itself, because the database did not answer, says nothing of the run.
        Assert.Equal(1, Strikes.Of(LogView.Empty, Row(attempt: 4), retries: 2).Unlogged);
    }

    [Fact]
    public void Of_ClaimsWithoutProgress_AreStrikesEach()
    {
        var view = Claim(Claim(LogView.Empty, 1), 2);

        Assert.Equal(["silo 1", "silo 2"], Strikes.Of(view, Row(attempt: 3)).LostOwners.ToList());
        Assert.Equal(2, Strikes.Of(view, Row(attempt: 5)).Unlogged);
    }

    [Fact]
    public void Of_CheckpointInBetween_ForgetsWhatWasBefore()
    {
        var view = Claim(Claim(LogView.Empty, 1), 2);

        var checkpoint = With(view, LogEntries.Entry("run/2/1", false, LogEntries.Checkpoint("x", full: true)));
        var writes = With(view, LogEntries.Entry("run/2/1", false, LogEntries.Writes("x")));

        Assert.Equal(["silo 2"], Strikes.Of(checkpoint, Row(attempt: 3)).LostOwners.ToList());
        Assert.Equal(["silo 2"], Strikes.Of(writes, Row(attempt: 3)).LostOwners.ToList());
    }

    [Fact]
    public void Of_ClaimThatIsABase_IsNoProgress()
    {
        var view = Claim(Claim(LogView.Empty, 1), 2, isBase: true);

        Assert.Equal(["silo 1", "silo 2"], Strikes.Of(view, Row(attempt: 3)).LostOwners.ToList());
    }

    [Fact]
    public void Of_StoppedInGoodOrder_IsNoStrikeAndForgetsNothing()
    {
        var end = new EndLogRecord { Status = "interrupted", StopReason = "drained" };
        var view = With(Claim(Claim(LogView.Empty, 1), 2), LogEntries.Entry("run/2/1", false, end));

        Assert.Equal(["silo 1"], Strikes.Of(view, Row(attempt: 3)).LostOwners.ToList());
    }

    [Fact]
    public void Of_SameSiloAgain_IsNoStrike() =>
        Assert.Empty(Strikes.Of(Claim(LogView.Empty, 1), Row(attempt: 2) with { Owner = "silo 1" }).LostOwners);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void IsSuspect_BeforeTheLastAttempt_IsTrue(int strikes, bool isSuspect) =>
        Assert.Equal(isSuspect, Lost(strikes).IsSuspect(Max));

    [Theory]
    [InlineData(2, true, 3, false)]
    [InlineData(3, true, 3, true)]
    [InlineData(3, false, 3, false)]
    [InlineData(8, false, 3, false)]
    [InlineData(9, false, 3, true)]
    [InlineData(1, false, 1, true)]
    public void ErrorAfter_SoManyStrikes_GivesUpWhenTheRunIsToBlame(int strikes, bool wasAlone, int max, bool isGivenUp)
    {
        var error = (Lost(strikes) with { WasAlone = wasAlone }).ErrorAfter(max);

        Assert.Equal(isGivenUp, error is not null);
        Assert.True(error is null || error.Contains($"died {strikes} time(s)", StringComparison.Ordinal));
    }

    [Fact]
    public void ErrorAfter_ManyAttemptsWithoutATrace_GivesUp()
    {
        Assert.Null(new Strikes([], WasAlone: false, Unlogged: 26).ErrorAfter(Max));
        Assert.Contains("27 attempts", new Strikes([], WasAlone: false, Unlogged: 27).ErrorAfter(Max), StringComparison.Ordinal);
    }

    private static Strikes Lost(int strikes) =>
        new([.. Enumerable.Range(1, strikes).Select(strike => $"silo {strike}")], WasAlone: false, Unlogged: 0);

    /// <summary>Claims as an attempt does: with what it knows of the one before.</summary>
    private static LogView Claim(LogView view, int attempt, bool isBase = false)
    {
        var lost = Strikes.Of(view, Row(attempt)).LostOwners;
        var claim = Claimed with
        {
            Owner = $"silo {attempt}",
            Suspicion = lost.IsEmpty ? null : new ClaimSuspicion { LostOwners = lost },
        };
        return With(view, LogEntries.Entry($"run/{attempt}/0", isBase, claim, LogEntries.Checkpoint("y", full: true)));
    }

    private static LogView With(LogView view, LogEntry entry) => view.With(view.NextPosition, entry, 100);

    private static RunRow Row(int attempt) => Rows.Running("run") with { Attempt = attempt, Owner = $"silo {attempt}" };
}
