using Microsoft.Extensions.Time.Testing;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RecoverySignalTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecoverySignal _signal = new();

    [Fact]
    public async Task Raise_BehindManyOfAnotherReason_IsSeenWithThem()
    {
        for (var run = 0; run < 64; run++)
        {
            _signal.Raise(RecoveryReason.RunLeft);
        }

        _signal.Raise(RecoveryReason.SiloLeft);

        Assert.Equal([RecoveryReason.SiloLeft, RecoveryReason.RunLeft], (await WaitAsync()).Order());
    }

    [Fact]
    public async Task WaitAsync_RaisedWhileItWaits_SeesEachReasonOnce()
    {
        var first = WaitAsync();
        Assert.False(first.IsCompleted);
        _signal.Raise(RecoveryReason.Uncordoned);
        Assert.Equal([RecoveryReason.Uncordoned], await first);

        var second = WaitAsync();
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(await second);
    }

    private async Task<IReadOnlyCollection<RecoveryReason>> WaitAsync() =>
        await _signal.WaitAsync(TimeSpan.FromMinutes(1), _time, CancellationToken.None).WithinAsync("a reason to search");
}
