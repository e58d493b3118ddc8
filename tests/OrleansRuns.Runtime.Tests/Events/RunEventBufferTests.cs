using Microsoft.Extensions.Time.Testing;
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

    [Fact]
    public void Tell_NobodyReadsValues_RendersNone()
    {
        var rendered = 0;
        var buffer = new RunEventBuffer(100, 1_000_000);
        buffer.Copy(0, new RunEventFilter([RunEventKinds.Custom]));

        TellValues(buffer, () => rendered++);

        Assert.Equal(0, rendered);
        Assert.Equal(0, buffer.Bytes);
        Assert.True(Assert.Single(buffer.Copy(0, RunEventFilter.All).Batch).IsDeferred);
    }

    [Fact]
    public async Task Tell_ThousandReadersOfValues_RendersOnceAndKeepsOne()
    {
        const int Readers = 1000;
        const int Bytes = 100_000;
        var rendered = 0;
        var buffer = new RunEventBuffer(100, 1_000_000);
        var readings = Enumerable.Range(0, Readers).Select(_ => ReadAsync(buffer, after: -1)).ToArray();

        TellValues(buffer, () => rendered++, Bytes);
        var kept = buffer.Bytes;
        buffer.End(Ended);
        var read = await Task.WhenAll(readings).WaitAsync(Hang);

        Assert.Equal((1, Bytes), (rendered, (int)kept));
        Assert.Single(read.Select(events => events[0].Data).Distinct(ReferenceEqualityComparer.Instance));
        Assert.All(read, events => Assert.Equal([0, 1], events.Select(e => e.Number)));
    }

    [Fact]
    public void Tell_ReaderAskedLongAgo_RendersNothing()
    {
        var rendered = 0;
        var time = new FakeTimeProvider();
        var buffer = new RunEventBuffer(100, 1_000_000, time);
        buffer.Copy(0, RunEventFilter.All);
        TellValues(buffer, () => rendered++);

        time.Advance(TimeSpan.FromMinutes(1));
        TellValues(buffer, () => rendered++);

        Assert.Equal(1, rendered);
    }

    [Fact]
    public void Publish_WhileAnAppendIsUnderWay_ReachesReadersAfterIt()
    {
        var buffer = Filled(1);
        var first = buffer.Reserve(2, isEnd: false);
        Fill(buffer, 2);
        var before = buffer.Copy(0, RunEventFilter.All).Batch;

        buffer.Tell(first, [Told(RunEventKinds.Checkpoints, () => "{}"), Told(RunEventKinds.Checkpoints, () => "{}")]);

        var after = buffer.Copy(0, RunEventFilter.All).Batch;
        Assert.Equal([0], before.Select(kept => kept.Event.Number));
        Assert.Equal([0, 1, 2, 3, 4], after.Select(kept => kept.Event.Number));
        Assert.Equal(
            [RunEventKinds.Custom, RunEventKinds.Checkpoints, RunEventKinds.Checkpoints, RunEventKinds.Custom, RunEventKinds.Custom],
            after.Select(kept => kept.Event.Kind));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    public void Abandon_AppendFailed_GivesItsNumbersAgainOnlyWhenNothingCanBeDurable(bool isUnused, long next)
    {
        var buffer = Filled(1);
        var first = buffer.Reserve(2, isEnd: false);

        buffer.Abandon(first, 2, isUnused);
        Fill(buffer, 1);

        Assert.Equal([0, next], buffer.Copy(0, RunEventFilter.All).Batch.Select(kept => kept.Event.Number));
    }

    [Fact]
    public void Copy_LargeEvents_TakesFewAtATime()
    {
        var buffer = new RunEventBuffer(100, 100_000_000);
        for (var number = 0; number < 50; number++)
        {
            buffer.Publish(RunEventKinds.Custom, "", 0, null, () => new string('a', 30_000));
        }

        Assert.Equal(2, buffer.Copy(0, RunEventFilter.All).Batch.Count);
    }

    [Fact]
    public async Task ReadAsync_LargeEvents_AreNotThereAllAtOnce()
    {
        var buffer = new RunEventBuffer(100, 100_000_000);
        for (var number = 0; number < 50; number++)
        {
            buffer.Publish(RunEventKinds.Custom, "", 0, null, () => new string('a', 100_000));
        }

        // One thing at a time, as on a grain's scheduler.
        var atOnce = await Task.Factory.StartNew(
            () => CountAtOnceAsync(buffer),
            CancellationToken.None,
            TaskCreationOptions.None,
            new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap();

        // What Orleans puts into one answer: at most a hundred events, and here at most 256 KiB.
        Assert.Equal(2, atOnce);
    }

    [Fact]
    public async Task ReadAsync_SomeModes_LeavesTheOthersOutWithoutAGap()
    {
        var buffer = Filled(3);
        buffer.Publish(RunEventKinds.Messages, "", 0, null, () => "{}");
        buffer.End(Ended);

        var events = await ReadAsync(buffer, after: -1, RunEventKinds.Messages);

        Assert.Equal([(3, RunEventKinds.Messages), (4, RunEventKinds.End)], events.Select(e => (e.Number, e.Kind)));
    }

    [Fact]
    public void RunEventFilter_UnknownKind_IsRefusedWithAllKinds()
    {
        var exception = Assert.Throws<ArgumentException>(() => new RunEventFilter(["debug"]));

        Assert.Contains("'debug'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("updates", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<int> CountAtOnceAsync(RunEventBuffer buffer)
    {
        await using var reader = Read(buffer, after: -1).GetAsyncEnumerator();
        for (var atOnce = 0; ; atOnce++)
        {
            var moved = reader.MoveNextAsync();
            var isAtOnce = moved.IsCompleted;
            Assert.True(await moved);
            if (!isAtOnce)
            {
                return atOnce;
            }
        }
    }

    private static void TellValues(RunEventBuffer buffer, Action rendering, int bytes = 2) =>
        buffer.Tell(buffer.Reserve(1, isEnd: false), [Told(RunEventKinds.Values, () =>
        {
            rendering();
            return new string('v', bytes);
        })]);

    private static ToldEvent Told(string kind, Func<string?> data) => new(kind, "", 0, "checkpoint", data);

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

    private static async Task<List<RunEvent>> ReadAsync(RunEventBuffer buffer, long after, params string[] kinds)
    {
        using var hang = new CancellationTokenSource(Hang);
        var events = new List<RunEvent>();
        await foreach (var @event in Read(buffer, after, cancellationToken: hang.Token, kinds: kinds))
        {
            events.Add(@event);
        }

        return events;
    }

    private static IAsyncEnumerable<RunEvent> Read(
        RunEventBuffer buffer, long after, Task? release = null, string[]? kinds = null, CancellationToken cancellationToken = default)
    {
        var run = Rows.Claimed(Bench.Thread, new StartRunRequest { RunId = "run", Graph = "loop" }, attempt: 1);
        var filter = new RunEventFilter(kinds is { Length: > 0 } ? kinds : null);
        return Bench.EventReader.ReadAsync(run, buffer, after, filter, release ?? new TaskCompletionSource().Task, cancellationToken);
    }
}
