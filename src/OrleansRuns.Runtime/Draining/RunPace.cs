namespace OrleansRuns.Runtime;

/// <summary>How fast a run goes from superstep to superstep. May be asked and told from any thread.</summary>
internal sealed class RunPace
{
    /// <summary>How much the newest superstep weighs: the usual time follows within about five of them.</summary>
    private const double Weight = 0.3;

    private readonly Lock _lock = new();
    private long? _begunAt;
    private TimeSpan? _usual;

    /// <summary>Notes that a superstep begins.</summary>
    internal void Begin(long now)
    {
        lock (_lock)
        {
            _begunAt = now;
        }
    }

    /// <summary>Notes that the superstep has its checkpoint.</summary>
    internal void End(TimeProvider time)
    {
        lock (_lock)
        {
            if (_begunAt is { } begunAt)
            {
                var took = time.GetElapsedTime(begunAt);
                _usual = _usual is { } usual ? usual + ((took - usual) * Weight) : took;
                _begunAt = null;
            }
        }
    }

    /// <summary>Gets how it goes now.</summary>
    internal PaceNow Now(TimeProvider time)
    {
        lock (_lock)
        {
            return new PaceNow(_usual, _begunAt is { } begunAt ? time.GetElapsedTime(begunAt) : TimeSpan.Zero);
        }
    }
}

/// <summary>How a run goes now. A value.</summary>
/// <param name="Usual">What its supersteps usually take; <see langword="null"/> before the first has ended.</param>
/// <param name="Elapsed">How long the superstep under way has taken; zero between two.</param>
internal readonly record struct PaceNow(TimeSpan? Usual, TimeSpan Elapsed);
