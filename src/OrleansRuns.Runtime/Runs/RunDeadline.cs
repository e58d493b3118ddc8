namespace OrleansRuns.Runtime;

/// <summary>Acts once when the wall clock has passed a time, and never before.</summary>
internal sealed class RunDeadline : IAsyncDisposable
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    private readonly DateTimeOffset _at;
    private readonly Action _over;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    internal RunDeadline(DateTimeOffset at, Action over, TimeProvider time)
    {
        _at = at;
        _over = over;
        _time = time;
        _timer = time.CreateTimer(_ => Tick(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Wait(Left());
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private TimeSpan Left() => _at - _time.GetUtcNow();

    private void Tick()
    {
        // A timer counts a coarser clock than the wall's, which can also be set back meanwhile: one that came early is set again.
        if (Left() is var left && left > TimeSpan.Zero)
        {
            Wait(left);
        }
        else
        {
            _over();
        }
    }

    private void Wait(TimeSpan left) => _timer.Change(left > Tolerance ? left : Tolerance, Timeout.InfiniteTimeSpan);
}
