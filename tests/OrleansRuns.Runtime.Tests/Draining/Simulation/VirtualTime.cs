namespace OrleansRuns.Runtime.Tests;

/// <summary>A clock that stands still until it is told to go to its next timer.</summary>
/// <remarks>Timers that are due together fire in the order in which they were set.</remarks>
internal sealed class VirtualTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<(VirtualTimer Timer, long Number), (long At, long Number)> _due = new();
    private long _now;
    private long _number;

    /// <summary>Gets the time since the clock was made.</summary>
    internal TimeSpan Now => TimeSpan.FromTicks(GetTimestamp());

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits until the clock has moved on, which costs no time.</summary>
    internal Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.Delay(delay, this, cancellationToken);

    /// <summary>Goes to the next timer and fires it.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool Next()
    {
        VirtualTimer timer;
        lock (_lock)
        {
            do
            {
                if (!_due.TryDequeue(out var set, out var due))
                {
                    return false;
                }

                timer = set.Timer;
                if (timer.Set == set.Number)
                {
                    timer.Set = 0;
                    _now = Math.Max(_now, due.At);
                    break;
                }
            }
            while (true);
        }

        timer.Callback(timer.State);
        return true;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        internal TimerCallback Callback => callback;

        internal object? State => state;

        /// <summary>Gets or sets the number under which the timer is set; 0 when it is not.</summary>
        internal long Set { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal(Timeout.InfiniteTimeSpan, period);
            lock (time._lock)
            {
                Set = 0;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Set = ++time._number;
                    time._due.Enqueue((this, Set), (time._now + dueTime.Ticks, Set));
                }
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
