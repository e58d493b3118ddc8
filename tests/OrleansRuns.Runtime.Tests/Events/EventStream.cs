using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What must hold of the events that a reader gets, however it gets them.</summary>
internal static class EventStream
{
    /// <summary>Reads a run's events to their end.</summary>
    internal static async Task<List<RunEvent>> ReadAllAsync(
        this RunHandle run, long after = -1, IReadOnlyList<string>? kinds = null, bool cancelWithReader = false)
    {
        using var hang = new CancellationTokenSource(TestTimeout.Hang);
        return await run.EventsAsync(after, kinds, cancelWithReader, hang.Token).ToListAsync(hang.Token);
    }

    /// <summary>Tells whether the log can tell an event again.</summary>
    internal static bool IsDurable(RunEvent @event) => @event.Kind switch
    {
        RunEventKinds.Tasks => Phase(@event) is "end" or "interrupt",
        RunEventKinds.Custom or RunEventKinds.Messages or RunEventKinds.Gap => false,
        _ => true,
    };

    /// <summary>Checks that each number comes once, in order, or is named by a gap.</summary>
    internal static void AssertNothingIsMissedSilently(IEnumerable<RunEvent> events, long after = -1)
    {
        var wanted = after + 1;
        foreach (var @event in events)
        {
            if (@event.Kind == RunEventKinds.Gap)
            {
                var (from, to) = Gap(@event);
                Assert.Equal(wanted, from);
                wanted = to;
            }

            Assert.Equal(wanted, @event.Number);
            wanted++;
        }
    }

    /// <summary>Checks that events are the same, numbers included; JSON may be written in other ways.</summary>
    internal static void AssertSame(IEnumerable<RunEvent> expected, IEnumerable<RunEvent> actual) =>
        Assert.Equal(expected.Select(Normal), actual.Select(Normal));

    /// <summary>Reads which numbers a gap names.</summary>
    internal static (long From, long To) Gap(RunEvent @event)
    {
        using var data = JsonDocument.Parse(@event.Data);
        return (data.RootElement.GetProperty("from").GetInt64(), data.RootElement.GetProperty("to").GetInt64());
    }

    internal static RunEvent Normal(RunEvent @event) =>
        @event with { Data = JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(@event.Data)) };

    internal static async Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> source, CancellationToken cancellationToken)
    {
        var items = new List<T>();
        await foreach (var item in source.WithCancellation(cancellationToken))
        {
            items.Add(item);
        }

        return items;
    }

    private static string? Phase(RunEvent @event)
    {
        using var data = JsonDocument.Parse(@event.Data);
        return data.RootElement.GetProperty("phase").GetString();
    }
}
