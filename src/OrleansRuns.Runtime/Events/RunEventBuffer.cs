using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>The newest events of one run, numbered, for any number of readers.</summary>
/// <remarks>
/// The buffer is bounded and knows no reader: a reader comes with the number it wants next, copies what is there and waits for more. One
/// that is too slow finds its events gone and is told of the gap; none can block the run or make the buffer grow. Nodes publish from
/// threads of their own, hence the lock.
/// </remarks>
internal sealed class RunEventBuffer(int keptEvents, int keptBytes) : IRunEvents
{
    /// <summary>How many events a reader copies at a time, so that a long replay does not hold the lock.</summary>
    private const int Batch = 64;

    private readonly Lock _lock = new();
    private readonly List<(RunEvent Event, int Bytes)> _kept = [];
    private int _dropped;
    private TaskCompletionSource _published = NewSignal();
    private long _next;
    private long _bytes;
    private bool _isClosed;

    public long Next
    {
        get
        {
            lock (_lock)
            {
                return _next;
            }
        }
    }

    public void ContinueFrom(long next)
    {
        lock (_lock)
        {
            _next = Math.Max(_next, next);
        }
    }

    public void Publish(string kind, string checkpointNamespace, int step, string? checkpointId, Func<string> data)
    {
        var payload = data();
        Add(number => new RunEvent(number, kind, checkpointNamespace, step, checkpointId, payload), closes: false);
    }

    /// <summary>Tells that the run has ended. Nothing is told after it; readers replay what is kept and end.</summary>
    /// <param name="run">The run as it ended, which is durable.</param>
    internal void End(RunSnapshot run) =>
        Add(number => RunEndEvents.End(number, run), closes: true);

    /// <summary>Lets the readers go without an end: the run moves, and its events go on elsewhere.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _published.TrySetResult();
        }
    }

    /// <summary>Reads the events from a number on until the end or until the buffer is closed.</summary>
    /// <param name="after">The last number the reader saw; -1 for all.</param>
    /// <param name="release">When it completes, a reader that has caught up is let go without an end, to subscribe again elsewhere.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    internal async IAsyncEnumerable<RunEvent> ReadAsync(
        long after, Task? release = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        release ??= Never;
        var wanted = Math.Max(after, -1) + 1;
        while (true)
        {
            var (batch, published, isClosed) = Copy(wanted);
            foreach (var @event in batch)
            {
                if (@event.Number > wanted)
                {
                    yield return RunEndEvents.Gap(wanted, @event.Number - 1);
                }

                wanted = @event.Number + 1;
                yield return @event;
            }

            if (batch.Count == 0)
            {
                if (isClosed || release.IsCompletedSuccessfully)
                {
                    yield break;
                }

                await Task.WhenAny(published, release).WaitAsync(cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private static Task Never { get; } = new TaskCompletionSource().Task;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private (List<RunEvent> Batch, Task Published, bool IsClosed) Copy(long wanted)
    {
        lock (_lock)
        {
            var batch = new List<RunEvent>();
            for (var at = IndexOf(wanted); at < _kept.Count && batch.Count < Batch; at++)
            {
                batch.Add(_kept[at].Event);
            }

            return (batch, _published.Task, _isClosed);
        }
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

    private void Add(Func<long, RunEvent> create, bool closes)
    {
        TaskCompletionSource published;
        lock (_lock)
        {
            if (_isClosed)
            {
                // What a node that was left behind still emits; the run has ended without it.
                return;
            }

            var @event = create(_next);
            var bytes = Encoding.UTF8.GetByteCount(@event.Data);
            _next++;
            _bytes += bytes;
            _kept.Add((@event, bytes));
            DropOldest();

            _isClosed = closes;
            published = _published;
            _published = NewSignal();
        }

        published.TrySetResult();
    }
}

/// <summary>The events that no execution tells: the end, and what is no longer kept.</summary>
internal static class RunEndEvents
{
    internal static RunEvent End(long number, RunSnapshot run) =>
        new(number, RunEventKinds.End, "", 0, null, JsonSerializer.Serialize(run, JsonSerializerOptions.Web));

    /// <summary>
    /// Says that the events between two numbers, both included, are no longer kept. It has the number of the last of them.
    /// </summary>
    internal static RunEvent Gap(long from, long to) =>
        new(to, RunEventKinds.Gap, "", 0, null, JsonSerializer.Serialize(new { from, to }, JsonSerializerOptions.Web));
}
