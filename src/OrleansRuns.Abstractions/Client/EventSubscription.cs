namespace OrleansRuns.Abstractions;

/// <summary>One enumeration of a run's events: from a number on until it breaks, ends, or the run turns out to be elsewhere.</summary>
internal sealed class EventSubscription : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended;
    private readonly CancellationToken _reading;
    private readonly RunWatch _watch;
    private readonly IAsyncEnumerator<RunEvent> _events;
    private bool _isLost;

    private EventSubscription(RunWatch watch, long after, IReadOnlyList<string>? kinds, CancellationToken reading)
    {
        _watch = watch;
        _reading = reading;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(reading);
        _events = watch.Run.ReadEventsAsync(after, kinds, _ended.Token).GetAsyncEnumerator(_ended.Token);
    }

    internal RunEvent Current => _events.Current;

    internal static async Task<EventSubscription> BeginAsync(
        IRunGrain run, long after, IReadOnlyList<string>? kinds, CancellationToken reading) =>
        new(await RunWatch.BeginAsync(run, reading), after, kinds, reading);

    /// <summary>Waits for the next event.</summary>
    /// <returns>Whether there is one; otherwise the run is elsewhere or its silo let go.</returns>
    internal async Task<bool> MoveNextAsync()
    {
        var next = _events.MoveNextAsync();
        if (next.IsCompleted)
        {
            return await next;
        }

        var moving = next.AsTask();
        _isLost = !await _watch.HasComeAsync(moving, _reading);
        return !_isLost && await moving;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isLost)
        {
            await _ended.CancelAsync();
        }

        var disposing = _events.DisposeAsync().AsTask();
        Transitions.Forget(disposing);
        if (!_isLost)
        {
            await Task.WhenAny(disposing, Task.Delay(Transitions.Patience, TimeProvider.System, CancellationToken.None));
        }

        _ended.Dispose();
    }
}
