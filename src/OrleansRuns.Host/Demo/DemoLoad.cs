using System.Globalization;
using System.Text.Json;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Callers that place orders one after the other, follow each to its end, and note what they were told.</summary>
internal sealed class DemoLoad(IRunsClient runs, int total) : IDisposable
{
    /// <summary>How many orders are under way at the same time.</summary>
    internal const int Callers = 20;

    /// <summary>How often each step of an order fails before it works, so that an order lasts a second or two.</summary>
    private const int Flaky = 3;

    private readonly DemoRun[] _placed = [.. Enumerable.Range(1, total).Select(number => new DemoRun(number))];
    private readonly SemaphoreSlim _ended = new(0);
    private int _next;

    /// <summary>Gets the orders, also those that are not placed yet.</summary>
    internal IReadOnlyList<DemoRun> Runs => _placed;

    public void Dispose() => _ended.Dispose();

    /// <summary>Places the orders until all have ended.</summary>
    internal Task PlaceAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Math.Min(Callers, total))
            .Select(_ => Task.Run(() => CallAsync(cancellationToken), cancellationToken)));

    /// <summary>Waits until more orders have ended since the last time.</summary>
    /// <param name="count">How many.</param>
    /// <param name="placing">The placing of all: when it fails, so does the wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task EndedAsync(int count, Task placing, CancellationToken cancellationToken)
    {
        for (var ended = 0; ended < count; ended++)
        {
            var next = _ended.WaitAsync(cancellationToken);
            if (await Task.WhenAny(next, placing) == placing)
            {
                await placing;
            }

            await next;
        }
    }

    private async Task CallAsync(CancellationToken cancellationToken)
    {
        for (var at = Interlocked.Increment(ref _next); at <= total; at = Interlocked.Increment(ref _next))
        {
            var order = _placed[at - 1];
            var run = await runs.Thread(order.ThreadId).StartAsync(Request(order), cancellationToken);
            await foreach (var told in run.EventsAsync(cancellationToken: cancellationToken))
            {
                if (told is { Kind: RunEventKinds.Checkpoints, CheckpointId: { } checkpointId })
                {
                    order.ToldCheckpoints.Add(checkpointId);
                }
            }

            order.ToldStatus = (await run.GetAsync(cancellationToken)).Status;
            _ended.Release();
        }
    }

    private static StartRunRequest Request(DemoRun order) => new()
    {
        RunId = order.RunId,
        Graph = SampleGraphs.Order,
        Input = JsonSerializer.Serialize(
            new
            {
                orderId = order.ThreadId,
                customer = "Ada",
                items = new[] { new { sku = "tea", quantity = 2, price = 10.5 } },
                flaky = Flaky,
            },
            JsonSerializerOptions.Web),
    };
}

/// <summary>One order, and what its caller was told.</summary>
internal sealed class DemoRun(int number)
{
    internal string ThreadId { get; } = string.Create(CultureInfo.InvariantCulture, $"order-{number}");

    internal string RunId { get; } = Guid.CreateVersion7().ToString();

    /// <summary>Gets the checkpoints that the caller was told of, in order; after a move some twice.</summary>
    internal List<string> ToldCheckpoints { get; } = [];

    /// <summary>Gets or sets the final status that the caller was told.</summary>
    internal RunStatus? ToldStatus { get; set; }
}
