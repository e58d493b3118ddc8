using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>The time limits of one attempt: the whole of it, and the time without a sign of life.</summary>
internal sealed class AttemptClock : IDisposable
{
    private readonly string _node;
    private readonly NodeOptions _options;
    private readonly CancellationTokenSource _cancel;
    private readonly ITimer _whole;
    private readonly ITimer _idle;
    private NodeTimeoutException? _timedOut;

    internal AttemptClock(string node, NodeOptions options, CancellationTokenSource cancel, TimeProvider time)
    {
        _node = node;
        _options = options;
        _cancel = cancel;
        _whole = time.CreateTimer(_ => Expire("timeout", _options.Timeout), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _idle = time.CreateTimer(
            _ => Expire("idle timeout", _options.IdleTimeout), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Gets which limit the attempt ran into, if it did.</summary>
    internal NodeTimeoutException? TimedOut => Volatile.Read(ref _timedOut);

    public void Dispose()
    {
        _whole.Dispose();
        _idle.Dispose();
    }

    /// <summary>Starts the time when the code does: waiting for a slot does not count.</summary>
    internal void Start()
    {
        _whole.Change(_options.Timeout ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Heartbeat();
    }

    internal void Heartbeat() => _idle.Change(_options.IdleTimeout ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Gets the result of code that has ended within its limits; whatever it did behind one of them counts as timed out.</summary>
    /// <exception cref="NodeTimeoutException">It ran into a limit, whether or not it listened to its token.</exception>
    internal async Task<T> ResultOf<T>(Task<T> code)
    {
        try
        {
            var result = await code;
            return TimedOut is { } late ? throw late : result;
        }
        catch (Exception) when (TimedOut is not null && _cancel.IsCancellationRequested)
        {
            throw TimedOut;
        }
    }

    private void Expire(string limit, TimeSpan? after)
    {
        Interlocked.CompareExchange(ref _timedOut, new NodeTimeoutException($"Node '{_node}' ran into its {limit} of {after}."), null);
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The attempt ended in the same moment, and its result counts.
            Volatile.Write(ref _timedOut, null);
        }
    }
}
