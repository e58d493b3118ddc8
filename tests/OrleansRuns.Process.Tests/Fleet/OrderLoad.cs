using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>Callers that start orders one after the other, each on a thread of its own, until they are told to stop.</summary>
/// <remarks>
/// The load is closed: a caller starts its next order when the one before has ended. A call that fails ends the load with its error; our
/// client is expected to bridge what happens to the silos.
/// </remarks>
internal sealed class OrderLoad : IAsyncDisposable
{
    /// <summary>How long an order may take, with the crashes it meets on its way.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly IRunsClient _runs;
    private readonly int _flaky;
    private readonly int _leftAlone;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, PlacedOrder> _orders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _unasked = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Task _callers;
    private int _number;

    private OrderLoad(IRunsClient runs, int callers, int flaky, int leftAlone)
    {
        _runs = runs;
        _flaky = flaky;
        _leftAlone = leftAlone;
        _callers = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(PlaceAsync)));
    }

    /// <summary>Gets the orders whose start was acknowledged.</summary>
    internal IReadOnlyCollection<PlacedOrder> Acknowledged => [.. _orders.Values];

    /// <summary>Begins.</summary>
    /// <param name="runs">The way into the cluster.</param>
    /// <param name="callers">How many callers there are, and so how many orders are under way.</param>
    /// <param name="flaky">How often each step of an order fails before it works, 0 to 3; each failure makes the order last longer.</param>
    /// <param name="leftAlone">Of how many orders one is started and never asked for again, or 0 for none.</param>
    internal static OrderLoad Begin(IRunsClient runs, int callers, int flaky = 2, int leftAlone = 0) =>
        new(runs, callers, flaky, leftAlone);

    /// <summary>Tells whether a run was started and is never asked for again.</summary>
    internal bool IsLeftAlone(string run) => _unasked.ContainsKey(run);

    /// <summary>Waits until more orders that their callers wait for have ended since the last time.</summary>
    internal async Task EndedAsync(int orders)
    {
        for (var ended = 0; ended < orders; ended++)
        {
            var next = _ended.WaitAsync();
            if (await Task.WhenAny(next, _callers).WithinAsync($"order {ended + 1} of {orders} to end", Bound) == _callers)
            {
                await _callers;
            }
        }
    }

    /// <summary>Places no further order and waits until those under way have ended.</summary>
    internal async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _callers.WithinAsync("the orders under way to end", Bound);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // Waits for the callers whatever they met: what the test has to say comes from elsewhere.
        await _callers.ContinueWith(_ => { }, TaskScheduler.Default);
        _stopping.Dispose();
        _ended.Dispose();
    }

    private async Task PlaceAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _number);
            var order = new PlacedOrder(
                $"order-{number.ToString(CultureInfo.InvariantCulture)}", Guid.CreateVersion7().ToString(), IsDeclined: number % 4 == 0);
            var run = await _runs.Thread(order.Id).StartAsync(Request(order)).WithinAsync($"the start of run {order.RunId}", Bound);
            _orders[order.Id] = order;
            if (_leftAlone > 0 && number % _leftAlone == 0)
            {
                _unasked[order.RunId] = true;
            }
            else
            {
                var ended = await run.WaitAsync().WithinAsync($"the end of run {order.RunId}", Bound);
                order.Told = ended.Status;
                _ended.Release();
            }
        }
    }

    private StartRunRequest Request(PlacedOrder order) => new()
    {
        RunId = order.RunId,
        Graph = "order",
        Input = JsonSerializer.Serialize(
            new
            {
                orderId = order.Id,
                customer = "Ada",
                items = new[] { new { sku = "book", quantity = 2, price = 10.5 } },
                failAt = order.IsDeclined ? "ship" : null,
                flaky = _flaky,
            },
            JsonSerializerOptions.Web),
    };
}

/// <summary>An order whose start was acknowledged.</summary>
/// <param name="Id">The id of the order and of its thread.</param>
/// <param name="RunId">The id of the run.</param>
/// <param name="IsDeclined">Whether its shipping is declined, so that all is taken back.</param>
internal sealed record PlacedOrder(string Id, string RunId, bool IsDeclined)
{
    /// <summary>Gets or sets the final status that the caller was told, unless it never asked.</summary>
    internal RunStatus? Told { get; set; }

    /// <summary>Gets what has to be on record of it, and nothing else.</summary>
    internal string[] Effects => IsDeclined ? ["charge", "refund", "release", "reserve"] : ["charge", "reserve", "ship"];
}
