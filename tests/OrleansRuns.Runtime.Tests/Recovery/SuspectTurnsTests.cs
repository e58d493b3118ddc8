using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class SuspectTurnsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RunRecoveryOptions _options = new();
    private readonly SuspectTurns _turns;

    public SuspectTurnsTests() => _turns = new SuspectTurns(Options.Create(_options), _time);

    [Fact]
    public async Task EnterAsync_NoSuspect_LetsAllInAtOnce()
    {
        var (one, two) = (Enter(0), Enter(1));

        Assert.False((await one).IsAlone);
        Assert.False((await two).IsAlone);
        Assert.Null((await one).Suspicion);
        Assert.Equal(["silo 1"], (await two).Suspicion!.LostOwners.ToList());
    }

    [Fact]
    public async Task EnterAsync_Suspect_WaitsForSilenceAndIsAlone()
    {
        var present = await Enter(0);
        var suspect = Enter(2);
        var late = Enter(0);
        Assert.False(suspect.IsCompleted || late.IsCompleted);

        present.Dispose();

        Assert.True((await suspect.WithinAsync("the suspect's turn")).IsAlone);
        Assert.True((await suspect).Suspicion!.IsAlone);
        Assert.False(late.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EnterAsync_SuspectGetsOnOrLeaves_OthersComeBeforeTheNextSuspect(bool getsOn)
    {
        var first = await Enter(2);
        var other = Enter(0);
        var (second, third) = (Enter(2), Enter(3));

        if (getsOn)
        {
            first.Share();
        }
        else
        {
            first.Dispose();
        }

        (await other.WithinAsync("the other to come in")).Dispose();
        first.Dispose();
        Assert.True((await third.WithinAsync("the turn of the one with more strikes")).IsAlone);
        Assert.False(second.IsCompleted);
        (await third).Dispose();
        Assert.True((await second.WithinAsync("the last turn")).IsAlone);
    }

    [Fact]
    public async Task EnterAsync_SilenceDoesNotCome_BeginsBesideTheOthers()
    {
        var present = await Enter(0);
        var suspect = Enter(2);
        var late = Enter(0);

        _time.Advance(_options.AloneWait + TimeSpan.FromSeconds(1));

        Assert.False((await suspect.WithinAsync("the suspect to begin")).IsAlone);
        Assert.False((await late.WithinAsync("the other to begin")).IsAlone);
        present.Dispose();
    }

    [Fact]
    public async Task EnterAsync_TurnHasNoEnd_IsSharedWhenTheLogSaysSo()
    {
        var suspect = await Enter(2);
        var (other, next) = (Enter(0), Enter(2));

        _time.Advance(_options.AloneTime + TimeSpan.FromSeconds(1));
        await suspect.ShareAsked.WithinAsync("the suspect to be asked to share");
        Assert.False(other.IsCompleted);
        suspect.Share();
        (await other.WithinAsync("the other to begin")).Dispose();
        Assert.False(next.IsCompleted);
        suspect.Dispose();

        Assert.True((await next.WithinAsync("the next turn")).IsAlone);
    }

    [Fact]
    public async Task EnterAsync_TurnHasNoEndAndItsLogTakesNoWord_IsEnded()
    {
        var suspect = await Enter(2);
        var other = Enter(0);

        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(_options.AloneTime + TimeSpan.FromSeconds(1));
                return Task.FromResult(other.IsCompleted);
            },
            "the other to begin all the same");

        Assert.True(suspect.ShareAsked.IsCompleted);
    }

    [Fact]
    public async Task EnterAsync_CancelledWhileWaiting_MakesWayForTheOthers()
    {
        var present = await Enter(0);
        using var stop = new CancellationTokenSource();
        var suspect = Enter(2, stop.Token);
        var other = Enter(0);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => suspect.WithinAsync("the waiting to end"));
        await other.WithinAsync("the other to begin");
        present.Dispose();
    }

    private Task<SuspectTurn> Enter(int strikes, CancellationToken cancellationToken = default) => _turns.EnterAsync(
        new Strikes([.. Enumerable.Range(1, strikes).Select(strike => $"silo {strike}")], WasAlone: false, Unlogged: 0), cancellationToken);
}
