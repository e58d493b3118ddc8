using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunEventBufferTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private static RunBench Bench { get; } = new(TurnsGraph.Compile(state => state), new MemoryThreadLogStore());

    private static RunSnapshot Ended { get; } = new()
    {
        RunId = "run",
        ThreadId = "thread",
        Graph = "graph",
        Status = RunStatus.Success,
        Attempt = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public async Task ReadAsync_FromTheStart_GivesEveryEventAndTheEnd()
    {
        var buffer = Filled(3);
        buffer.End(Ended);

        var events = await ReadAsync(buffer, after: -1);

        Assert.Equal([0, 1, 2, 3], events.Select(e => e.Number));
        Assert.Equal(RunEventKinds.End, events[^1].Kind);
        Assert.Contains("\"status\":\"success\"", events[^1].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_AfterANumber_GivesOnlyLaterEvents()
    {
        var buffer = Filled(5);
        buffer.End(Ended);

        var events = await ReadAsync(buffer, after: 3);

        Assert.Equal([4, 5], events.Select(e => e.Number));
    }

    [Fact]
    public async Task ReadAsync_EventsWereDropped_TellsOfTheGap()
    {
        var buffer = Filled(10, kept: 4);
        buffer.End(Ended);

        var events = await ReadAsync(buffer, after: 1);

        Assert.Equal(RunEventKinds.Gap, events[0].Kind);
        Assert.Equal((2, 5), EventStream.Gap(events[0]));
        Assert.Equal([5, 6, 7, 8, 9, 10], events.Select(e => e.Number));
    }

    [Fact]
    public async Task ReadAsync_AfterTheGapsNumber_MissesNothingMore()
    {
        var buffer = Filled(10, kept: 4);
        buffer.End(Ended);
        var gap = (await ReadAsync(buffer, after: -1))[0];

        var events = await ReadAsync(buffer, gap.Number);

        Assert.DoesNotContain(events, e => e.Kind == RunEventKinds.Gap);
        Assert.Equal([6, 7, 8, 9, 10], events.Select(e => e.Number));
    }

    [Fact]
    public async Task ReadAsync_BytesOverTheLimit_KeepsTheNewestAlways()
    {
        var buffer = new RunEventBuffer(100, keptBytes: 10);
        buffer.Publish(RunEventKinds.Custom, "", 0, null, () => new string('a', 8));
        buffer.Publish(RunEventKinds.Custom, "", 0, null, () => new string('b', 50));
        buffer.Close();

        var events = await ReadAsync(buffer, after: -1);

        Assert.Equal((0, 0), EventStream.Gap(events[0]));
        Assert.Equal(50, events[1].Data.Length);
        Assert.Equal(2, events.Count);
    }

    [Fact]
    public async Task ReadAsync_ContinuedAfterACrash_TellsOfTheGap()
    {
        var buffer = new RunEventBuffer(100, 1000);
        buffer.ContinueFrom(20, isEnd: false);
        buffer.Publish(RunEventKinds.Custom, "", 0, null, () => "{}");
        buffer.End(Ended);

        var events = await ReadAsync(buffer, after: 6);

        Assert.Equal((7, 19), EventStream.Gap(events[0]));
        Assert.Equal([19, 20, 21], events.Select(e => e.Number));
    }

    [Fact]
    public async Task ReadAsync_NothingYet_WaitsForTheNextEvent()
    {
        var buffer = Filled(1);
        await using var reader = Read(buffer, after: 0).GetAsyncEnumerator();
        var moved = reader.MoveNextAsync().AsTask();

        Assert.False(moved.IsCompleted);
        buffer.Publish(RunEventKinds.Custom, "", 0, null, () => "1");

        Assert.True(await moved.WaitAsync(Hang));
        Assert.Equal(1, reader.Current.Number);
    }

    [Fact]
    public async Task ReadAsync_Cancelled_Ends()
    {
        var buffer = Filled(0);
        using var stop = new CancellationTokenSource();
        await using var reader = Read(buffer, after: -1, cancellationToken: stop.Token).GetAsyncEnumerator();
        var moved = reader.MoveNextAsync().AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moved.WaitAsync(Hang));
    }

    [Fact]
    public async Task ReadAsync_Released_EndsWithoutAnEndAfterWhatIsThere()
    {
        var buffer = Filled(2);
        var release = new TaskCompletionSource();
        await using var reader = Read(buffer, after: -1, release.Task).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());

        release.SetResult();

        Assert.True(await reader.MoveNextAsync().AsTask().WaitAsync(Hang));
        Assert.False(await reader.MoveNextAsync().AsTask().WaitAsync(Hang));
    }

    [Fact]
    public async Task Publish_ReaderThatNeverMoves_NeitherBlocksNorGrows()
    {
        var buffer = Filled(1, kept: 8);
        await using var dead = Read(buffer, after: -1).GetAsyncEnumerator();
        Assert.True(await dead.MoveNextAsync());

        Fill(buffer, 10_000);
        buffer.End(Ended);

        Assert.True(await dead.MoveNextAsync());
        Assert.Equal(RunEventKinds.Gap, dead.Current.Kind);
        Assert.Equal(1 + 8 + 1, (await ReadAsync(buffer, after: -1)).Count);
    }

    [Fact]
    public async Task Publish_FromManyThreads_GivesEveryNumberOnceToEveryReader()
    {
        const int Threads = 4;
        const int Each = 500;
        var buffer = new RunEventBuffer((Threads * Each) + 1, int.MaxValue);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() => ReadAsync(buffer, after: -1))).ToArray();

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(() => Fill(buffer, Each)))).WaitAsync(Hang);
        buffer.End(Ended);

        foreach (var events in await Task.WhenAll(readers).WaitAsync(Hang))
        {
            Assert.Equal(
                Enumerable.Range(0, (Threads * Each) + 1).Select(number => (long)number),
                events.Where(e => e.Kind != RunEventKinds.Gap).Select(e => e.Number));
        }
    }

    [Fact]
    public async Task Publish_AfterTheEnd_IsDropped()
    {
        var buffer = Filled(1);
        buffer.End(Ended);

        Fill(buffer, 3);

        Assert.Equal([0, 1], (await ReadAsync(buffer, after: -1)).Select(e => e.Number));
    }

    private static RunEventBuffer Filled(int events, int kept = 100)
    {
        var buffer = new RunEventBuffer(kept, 1_000_000);
        Fill(buffer, events);
        return buffer;
    }

    private static void Fill(RunEventBuffer buffer, int events)
    {
        for (var number = 0; number < events; number++)
        {
            buffer.Publish(RunEventKinds.Custom, "", 0, null, () => "{}");
        }
    }

    private static async Task<List<RunEvent>> ReadAsync(RunEventBuffer buffer, long after)
    {
        using var hang = new CancellationTokenSource(Hang);
        var events = new List<RunEvent>();
        await foreach (var @event in Read(buffer, after, cancellationToken: hang.Token))
        {
            events.Add(@event);
        }

        return events;
    }

    private static IAsyncEnumerable<RunEvent> Read(
        RunEventBuffer buffer, long after, Task? release = null, CancellationToken cancellationToken = default)
    {
        var run = Rows.Claimed(Bench.Thread, new StartRunRequest { RunId = "run", Graph = "loop" }, attempt: 1);
        return Bench.EventReader.ReadAsync(
            run, buffer, after, RunEventFilter.All, release ?? new TaskCompletionSource().Task, cancellationToken);
    }
}
