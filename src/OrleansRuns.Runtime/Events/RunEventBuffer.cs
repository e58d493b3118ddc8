using System.Text;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>The newest events of one run, numbered, for any number of readers.</summary>
/// <remarks>
/// The buffer is bounded: a reader comes with the number it wants next, copies what is there and waits for more. One that is too slow
/// finds its events gone and reads on from the log; none can block the run or make the buffer grow. Nodes publish from threads of their
/// own, hence the lock.
/// </remarks>
internal sealed class RunEventBuffer(int keptEvents, int keptBytes, TimeProvider? time = null) : IRunEvents
{
    /// <summary>How many events a reader copies at a time, so that a long reading does not hold the lock.</summary>
    private const int BatchEvents = 64;

    /// <summary>How many bytes a reader copies at a time, or one event: what one that stands still keeps from being collected.</summary>
    private const int BatchBytes = 64 * 1024;

    /// <summary>How long after a reader last asked it counts as one that will ask again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<KeptEvent> _kept = [];
    private readonly Dictionary<string, Demand> _demands = new(StringComparer.Ordinal)
    {
        [RunEventKinds.Values] = new(),
        [RunEventKinds.Updates] = new(),
    };
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private int _dropped;
    private TaskCompletionSource _published = NewSignal();
    private long _next;
    private long _reserved = long.MaxValue;
    private long _bytes;
    private bool _isAtEnd;
    private bool _isClosed;

    /// <summary>Gets the run as it ended, which is durable; <see langword="null"/> while it has not.</summary>
    internal RunSnapshot? Ended { get; private set; }

    /// <summary>Gets the number of the run's end; <see langword="null"/> when only the log knows it.</summary>
    internal long? EndNumber
    {
        get
        {
            lock (_lock)
            {
                return _isAtEnd && _reserved == long.MaxValue ? _next : null;
            }
        }
    }

    /// <summary>Gets how many bytes of payload it holds.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Makes the buffer of a run that nobody works on here.</summary>
    /// <param name="ended">The run, if it has ended.</param>
    internal static RunEventBuffer Closed(RunSnapshot? ended) => new(1, 1) { Ended = ended, _isClosed = true };

    public void ContinueFrom(long next, bool isEnd)
    {
        lock (_lock)
        {
            _next = Math.Max(_next, next);
            _isAtEnd = isEnd;
        }
    }

    public void Publish(string kind, string checkpointNamespace, int step, string? checkpointId, Func<string> data)
    {
        var payload = data();
        Change(() =>
        {
            // What a node that was left behind still emits: the attempt has ended without it.
            if (!_isAtEnd)
            {
                Insert(_kept.Count, Keep(new RunEvent(_next++, kind, checkpointNamespace, step, checkpointId, payload)));
            }
        });
    }

    public long Reserve(int count, bool isEnd)
    {
        lock (_lock)
        {
            _isAtEnd = isEnd;
            if (count == 0)
            {
                return _next;
            }

            _reserved = _next;
            _next += count;
            return _reserved;
        }
    }

    public void Tell(long first, IReadOnlyList<ToldEvent> events)
    {
        // Rendering is expensive, so that it is not done under the lock, nor when nobody waits for it: the log can tell it later.
        var kept = events.Select((told, index) => Render(told, first + index)).ToList();
        Change(() =>
        {
            var at = IndexOf(first);
            foreach (var one in kept)
            {
                Insert(at++, one);
            }

            _reserved = long.MaxValue;
        });
    }

    public void Abandon(long first, int count, bool isUnused) => Change(() =>
    {
        _next = isUnused && _next == first + count ? first : _next;
        _reserved = long.MaxValue;
        _isAtEnd = false;
    });

    /// <summary>Tells that the run has ended. Readers read what is left and end.</summary>
    /// <param name="run">The run as it ended, which is durable.</param>
    internal void End(RunSnapshot run) => Change(() =>
    {
        Ended = run;
        _isClosed = true;
    });

    /// <summary>Lets the readers go without an end: the run moves, and its events go on elsewhere.</summary>
    internal void Close() => Change(() => _isClosed = true);

    /// <summary>Copies events from a number on, as many as a reader takes at a time.</summary>
    /// <param name="wanted">The first number wanted.</param>
    /// <param name="filter">Which kinds the reader wants: for a while, such events are rendered as soon as they are durable.</param>
    /// <returns>The events, a task that completes when there may be more, and whether there will be none.</returns>
    internal (IReadOnlyList<KeptEvent> Batch, Task Published, bool IsClosed) Copy(long wanted, RunEventFilter filter)
    {
        lock (_lock)
        {
            foreach (var demand in _demands.Where(pair => filter.Wants(pair.Key)))
            {
                demand.Value.AskedAt = _time.GetTimestamp();
            }

            var batch = new List<KeptEvent>();
            var bytes = 0;
            for (var at = IndexOf(wanted); at < _kept.Count && batch.Count < BatchEvents; at++)
            {
                if (_kept[at].Event.Number >= _reserved || (batch.Count > 0 && bytes + _kept[at].Bytes > BatchBytes))
                {
                    break;
                }

                bytes += _kept[at].Bytes;
                batch.Add(_kept[at]);
            }

            return (batch, _published.Task, _isClosed);
        }
    }

    /// <summary>Waits for more events. Whoever waits is there.</summary>
    internal async Task WaitAsync(Task published, RunEventFilter filter, CancellationToken cancellationToken)
    {
        Count(1);
        try
        {
            await published.WaitAsync(cancellationToken);
        }
        finally
        {
            Count(-1);
        }

        void Count(int change)
        {
            lock (_lock)
            {
                foreach (var demand in _demands.Where(pair => filter.Wants(pair.Key)))
                {
                    demand.Value.Waiting += change;
                }
            }
        }
    }

    /// <summary>Keeps what a reader has rendered from the log for the readers after it.</summary>
    internal void Fill(RunEvent rendered)
    {
        lock (_lock)
        {
            var at = IndexOf(rendered.Number);
            if (at < _kept.Count && _kept[at].Event.Number == rendered.Number && _kept[at].IsDeferred)
            {
                _kept[at] = Keep(rendered);
                _bytes += _kept[at].Bytes;
                DropOldest();
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static KeptEvent Keep(RunEvent @event) => new(@event, Encoding.UTF8.GetByteCount(@event.Data), IsDeferred: false);

    private KeptEvent Render(ToldEvent told, long number)
    {
        bool isWanted;
        lock (_lock)
        {
            isWanted = !_demands.TryGetValue(told.Kind, out var demand)
                || demand.Waiting > 0
                || (demand.AskedAt is { } asked && _time.GetElapsedTime(asked) < Patience);
        }

        var @event = new RunEvent(number, told.Kind, told.Namespace, told.Step, told.CheckpointId, "");
        return isWanted && told.Data() is { } data ? Keep(@event with { Data = data }) : new KeptEvent(@event, 0, IsDeferred: true);
    }

    private void Insert(int at, KeptEvent kept)
    {
        _kept.Insert(at, kept);
        _bytes += kept.Bytes;
    }

    private void DropOldest()
    {
        while (_kept.Count - _dropped > keptEvents || (_bytes > keptBytes && _kept.Count - _dropped > 1))
        {
            _bytes -= _kept[_dropped].Bytes;
            _kept[_dropped++] = default;
        }

        if (_dropped > _kept.Count / 2)
        {
            _kept.RemoveRange(0, _dropped);
            _dropped = 0;
        }
    }

    /// <summary>Finds the first event that is kept and has at least a number: numbers rise, but need not be next to each other.</summary>
    private int IndexOf(long number)
    {
        var (low, high) = (_dropped, _kept.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _kept[middle].Event.Number < number ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Change(Action change)
    {
        TaskCompletionSource published;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            change();
            DropOldest();
            published = _published;
            _published = NewSignal();
            if (_isClosed)
            {
                _published.SetResult();
            }
        }

        published.TrySetResult();
    }

    /// <summary>Whether anybody wants a kind that is expensive to render. No reader that died can leave it wrong for long.</summary>
    private sealed class Demand
    {
        internal int Waiting { get; set; }

        internal long? AskedAt { get; set; }
    }
}

/// <summary>An event in a buffer.</summary>
/// <param name="Event">The event.</param>
/// <param name="Bytes">The bytes of its payload.</param>
/// <param name="IsDeferred">Whether its payload has to be read from the log.</param>
internal readonly record struct KeptEvent(RunEvent Event, int Bytes, bool IsDeferred);
