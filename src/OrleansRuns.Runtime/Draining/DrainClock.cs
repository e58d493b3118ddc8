namespace OrleansRuns.Runtime;

/// <summary>Tells the phases of a drain as they come.</summary>
/// <remarks>Whoever waits for a phase goes on at once and in turn, so that what it does then must not block.</remarks>
internal sealed class DrainClock : IDisposable
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource[] _begun = [.. Enum.GetValues<DrainPhase>().Select(_ => new TaskCompletionSource())];
    private readonly TaskCompletionSource _over = new();
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly ITimer _timer;
    private DrainSchedule _schedule;
    private bool _isHurried;

    internal DrainClock(DrainSchedule schedule, TimeProvider time)
    {
        _schedule = schedule;
        _time = time;
        _started = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Tick(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Tick();
    }

    /// <summary>Gets the time since the drain began.</summary>
    internal TimeSpan Elapsed => _time.GetElapsedTime(_started);

    internal DrainPhase Phase
    {
        get
        {
            lock (_lock)
            {
                return _schedule.PhaseAt(Elapsed);
            }
        }
    }

    /// <summary>Gets a task that completes when the drain's time is over.</summary>
    internal Task Over => _over.Task;

    /// <summary>Gets a task that completes when a phase has begun.</summary>
    internal Task Begun(DrainPhase phase) => _begun[(int)phase].Task;

    /// <summary>Leaves only what is kept for the last writes. Doing it again changes nothing.</summary>
    internal void Hurry()
    {
        lock (_lock)
        {
            if (_isHurried)
            {
                return;
            }

            _isHurried = true;
            _schedule = _schedule.Hurried(Elapsed);
        }

        Tick();
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        DrainPhase phase;
        bool isOver;
        lock (_lock)
        {
            var elapsed = Elapsed;
            phase = _schedule.PhaseAt(elapsed);
            isOver = elapsed >= _schedule.EndAt;
            if (!isOver)
            {
                // A timer may come a little before its time, and is then set again.
                var left = _schedule.After(phase) - elapsed;
                _timer.Change(left > Tolerance ? left : Tolerance, Timeout.InfiniteTimeSpan);
            }
        }

        for (var begun = DrainPhase.Finishing; begun <= phase; begun++)
        {
            _begun[(int)begun].TrySetResult();
        }

        if (isOver)
        {
            _over.TrySetResult();
        }
    }
}
