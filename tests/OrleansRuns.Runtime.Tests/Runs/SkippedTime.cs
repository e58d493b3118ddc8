namespace OrleansRuns.Runtime.Tests;

/// <summary>The machine's clock, but for the deadlines of runs that have <see cref="Limit"/>: a test says when they are over.</summary>
internal sealed class SkippedTime : TimeProvider
{
    /// <summary>How long such runs may take. Nothing else is set for so long.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromHours(3);

    private static readonly TimeSpan Least = Limit - TimeSpan.FromMinutes(30);

    [ThreadStatic]
    private static bool _isOver;

    private readonly Lock _lock = new();
    private readonly HashSet<HeldTimer> _held = [];
    private bool _isSkipped;

    /// <summary>Gets the time, which for the deadline that is over is later.</summary>
    public override DateTimeOffset GetUtcNow() => _isOver ? base.GetUtcNow() + Limit : base.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HeldTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets the deadlines be over, those to come too.</summary>
    /// <returns>What ends it for those to come.</returns>
    internal IDisposable Skip()
    {
        lock (_lock)
        {
            _isSkipped = true;
            _held.ToList().ForEach(timer => timer.Fire());
        }

        return new Skipping(this);
    }

    private void Hold(HeldTimer timer, bool isHeld)
    {
        lock (_lock)
        {
            _held.Remove(timer);
            if (isHeld && _isSkipped)
            {
                timer.Fire();
            }
            else if (isHeld)
            {
                _held.Add(timer);
            }
        }
    }

    private sealed class Skipping(SkippedTime time) : IDisposable
    {
        public void Dispose()
        {
            lock (time._lock)
            {
                time._isSkipped = false;
            }
        }
    }

    private sealed class HeldTimer(SkippedTime time, TimerCallback callback, object? state) : ITimer
    {
        private readonly ITimer _inner =
            TimeProvider.System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var isHeld = dueTime >= Least && dueTime <= Limit;
            time.Hold(this, isHeld);
            return _inner.Change(isHeld ? Timeout.InfiniteTimeSpan : dueTime, period);
        }

        public void Dispose()
        {
            time.Hold(this, isHeld: false);
            _inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            time.Hold(this, isHeld: false);
            return _inner.DisposeAsync();
        }

        internal void Fire() => ThreadPool.QueueUserWorkItem(_ =>
        {
            _isOver = true;
            try
            {
                callback(state);
            }
            finally
            {
                _isOver = false;
            }
        });
    }
}
