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

    /// <summary>Watches the timeout of a run, which counts from its first attempt.</summary>
    /// <param name="run">The run, which has begun.</param>
    /// <param name="over">What to do when its time is over, with the error that tells so.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The deadline, or <see langword="null"/> when the run may take as long as it likes.</returns>
    internal static RunDeadline? Of(RunRow run, Action<string> over, TimeProvider time) =>
        RunRequests.FromRow(run.Request).Timeout is { } timeout && run.StartedAt is { } started
            ? new RunDeadline(started + timeout, () => over($"The run took longer than its timeout of {timeout}."), time)
            : null;

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
