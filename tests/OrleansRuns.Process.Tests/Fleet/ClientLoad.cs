using System.Collections.Concurrent;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>Callers that use a run as a program does: start it, ask for its status, read its events to the end, take its result.</summary>
/// <remarks>Every call is timed; one that fails is kept, and its caller goes on.</remarks>
internal sealed class ClientLoad : IAsyncDisposable
{
    private readonly IRunsClient _runs;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<TimedCall> _calls = [];
    private readonly ConcurrentQueue<string> _checkpoints = [];
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Task _callers;
    private int _number;
    private int _gaps;

    private ClientLoad(IRunsClient runs, int callers)
    {
        _runs = runs;
        _callers = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(CallAsync)));
    }

    /// <summary>Gets the calls so far.</summary>
    internal IReadOnlyCollection<TimedCall> Calls => _calls;

    /// <summary>Gets the ids of the checkpoints that events told of.</summary>
    internal IReadOnlyCollection<string> ToldCheckpoints => _checkpoints;

    /// <summary>Gets the calls that had no answer.</summary>
    internal IEnumerable<string> Failures => _calls.Where(call => call.Failure is not null).Select(call => $"{call.Kind}: {call.Failure}");

    internal static ClientLoad Begin(IRunsClient runs, int callers) => new(runs, callers);

    /// <summary>Waits until more rounds have ended since the last time.</summary>
    internal async Task EndedAsync(int rounds)
    {
        for (var ended = 0; ended < rounds; ended++)
        {
            await _ended.WaitAsync().WithinAsync($"round {ended + 1} of {rounds} to end", TimeSpan.FromMinutes(2));
        }
    }

    /// <summary>Begins no further round and waits until those under way have ended.</summary>
    internal async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _callers.WithinAsync("the calls under way to end", TimeSpan.FromMinutes(2));
    }

    /// <summary>Tells how many calls there were of each kind, how long they took, and how many gaps in events were owned up to.</summary>
    public override string ToString() => string.Join("; ",
        from kind in _calls.GroupBy(call => call.Kind)
        let times = kind.Select(call => call.Elapsed.TotalSeconds).Order().ToArray()
        select $"{times.Length} x {kind.Key}, seconds: median {times[times.Length / 2]:f2}, "
            + $"99 % {times[times.Length * 99 / 100]:f2}, longest {times[^1]:f2}") + $"; {_gaps} gaps in their events";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(_callers.WithinAsync("the calls under way to end"));
        _stopping.Dispose();
    }

    private async Task CallAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var orderId = $"watched-{Interlocked.Increment(ref _number)}";
            if (await TimeAsync("start", () => _runs.Thread(orderId).StartAsync(Request(orderId))) is { } run)
            {
                await TimeAsync("status", async () => await run.GetAsync());
                await TimeAsync("events", async () => await ReadAsync(run));
                await TimeAsync("result", async () => await run.ResultAsync<JsonElement>());
            }

            _ended.Release();
        }
    }

    /// <summary>Reads the events to their end, and checks that each number comes once, in order, or is named by a gap.</summary>
    private async Task<string> ReadAsync(RunHandle run)
    {
        var wanted = 0L;
        await foreach (var @event in run.EventsAsync())
        {
            var first = @event.Number;
            if (@event.Kind == RunEventKinds.Gap)
            {
                Interlocked.Increment(ref _gaps);
                first = JsonElement.Parse(@event.Data).GetProperty("from").GetInt64();
            }

            if (first != wanted)
            {
                throw new InvalidDataException($"Event {first} of run '{run.Id}' came where event {wanted} was due.");
            }

            wanted = @event.Number + 1;
            if (@event is { Kind: RunEventKinds.Checkpoints, CheckpointId: { } checkpointId })
            {
                _checkpoints.Enqueue(checkpointId);
            }

            if (@event.Kind == RunEventKinds.End)
            {
                return @event.Data;
            }
        }

        throw new InvalidDataException($"The events of run '{run.Id}' ended without an end.");
    }

    private async Task<T?> TimeAsync<T>(string kind, Func<Task<T>> call)
    {
        var started = TimeProvider.System.GetTimestamp();
        Exception? failure = null;
        try
        {
            return await call();
        }
        catch (Exception exception)
        {
            failure = exception;
            return default;
        }
        finally
        {
            _calls.Enqueue(new TimedCall(kind, TimeProvider.System.GetElapsedTime(started), failure));
        }
    }

    private static StartRunRequest Request(string orderId) => new()
    {
        RunId = Guid.CreateVersion7().ToString(),
        Graph = "order",
        Input = JsonSerializer.Serialize(
            new { orderId, customer = "Ada", items = new[] { new { sku = "book", quantity = 2, price = 10.5 } }, flaky = 2 },
            JsonSerializerOptions.Web),
    };
}

/// <summary>A call of a client.</summary>
/// <param name="Kind">What was called.</param>
/// <param name="Elapsed">How long the caller waited.</param>
/// <param name="Failure">What the caller got instead of an answer.</param>
internal sealed record TimedCall(string Kind, TimeSpan Elapsed, Exception? Failure);
