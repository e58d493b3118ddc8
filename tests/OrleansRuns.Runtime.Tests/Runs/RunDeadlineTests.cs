using Microsoft.Extensions.Time.Testing;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunDeadlineTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new();
    private int _acted;

    [Fact]
    public async Task Deadline_TimeIsOver_ActsOnce()
    {
        await using var deadline = Start(Limit);

        _time.Advance(Limit - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _acted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _acted);
        _time.Advance(Limit);
        Assert.Equal(1, _acted);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task Deadline_IsPastAlready_ActsAtOnce(int seconds)
    {
        await using var deadline = Start(TimeSpan.FromSeconds(seconds));

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, _acted);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(4)]
    [InlineData(60_000)]
    public async Task Deadline_TimerComesEarly_WaitsForTheWallClock(double milliseconds)
    {
        var early = TimeSpan.FromMilliseconds(milliseconds);
        await using var deadline = Start(Limit);

        _time.AdjustTime(_time.GetUtcNow() - early);
        _time.Advance(Limit);
        Assert.Equal(0, _acted);
        _time.Advance(early + TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, _acted);
    }

    [Fact]
    public async Task Deadline_IsDisposed_DoesNotAct()
    {
        await Start(Limit).DisposeAsync();

        _time.Advance(Limit * 2);

        Assert.Equal(0, _acted);
    }

    private RunDeadline Start(TimeSpan after) => new(_time.GetUtcNow() + after, () => _acted++, _time);
}
