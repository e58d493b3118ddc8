using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunEventsTests
{
    [Fact]
    public async Task EventsAsync_WholeRun_AreNumberedAndEnd()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var reading = blocked.Run.ReadAllAsync();

        blocked.Gate.Open();
        var events = await reading.WithinAsync("the events to end");

        Assert.Equal(Enumerable.Range(0, events.Count).Select(number => (long)number), events.Select(e => e.Number));
        Assert.Equal(RunEventKinds.End, events[^1].Kind);
        Assert.Contains(events, e => e.Kind == RunEventKinds.Updates);
        Assert.Contains(events, e => e.Kind == RunEventKinds.Values);
    }

    [Fact]
    public async Task EventsAsync_AfterANumber_MissesNoneAndGetsNoneTwice()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var all = await blocked.Run.ReadAllAsync().WithinAsync("the events");

        foreach (var seen in all.SkipLast(1))
        {
            var rest = await blocked.Run.ReadAllAsync(seen.Number).WithinAsync("the rest of the events");

            Assert.Equal(all.Where(e => e.Number > seen.Number), rest);
        }
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    public async Task EventsAsync_RunWasClosedFromOutside_TellsAllThatWasDurableBefore(CancelAction action)
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var reading = blocked.Run.ReadAllAsync();
        await cluster.Catalog.BeginAsync(blocked.Run.Id, 2, "a silo that died", CancellationToken.None);

        await blocked.Run.CancelAndWaitAsync(action).WithinAsync("the run to be closed");
        var live = await reading.WithinAsync("the events that were told live");
        await cluster.DeactivateAsync(blocked.Run.Id);
        var again = await blocked.Run.ReadAllAsync().WithinAsync("the events of the log");

        EventStream.AssertNothingIsMissedSilently(again);
        EventStream.AssertSame(live.Where(EventStream.IsDurable), again.Where(EventStream.IsDurable));
        Assert.Contains(again, e => e.Kind == RunEventKinds.Updates);
    }

    [Fact]
    public async Task EventsAsync_AfterTheGreatestNumber_TellsNothingTwice()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");

        var told = await blocked.Run.ReadAllAsync(after: long.MaxValue).WithinAsync("the end");

        Assert.All(told, e => Assert.Equal(RunEventKinds.End, e.Kind));
    }

    [Fact]
    public async Task EventsAsync_ToldOfACheckpoint_IsDurableBefore()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var told = 0;

        blocked.Gate.Open();
        await foreach (var @event in blocked.Run.EventsAsync())
        {
            if (@event.CheckpointId is { } checkpointId)
            {
                told++;
                Assert.Equal(checkpointId, (await blocked.Thread.GetStateAsync(checkpointId)).CheckpointId);
            }
        }

        Assert.True(told > 0);
    }

    [Fact]
    public async Task EventsAsync_AppendOfASuperstepIsHeld_TellsNothingOfItBefore()
    {
        using var store = new RunStore();
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var blocked = await cluster.StartGatedRunAsync();
        var append = new HeldCall(nameof(IThreadLogStore.AppendAsync));
        store.LogHooks.Before = append.PassAsync;
        blocked.Gate.Open();
        await append.ReachedAsync();

        await using var reader = blocked.Run.EventsAsync().GetAsyncEnumerator();
        do
        {
            Assert.True(await reader.MoveNextAsync().AsTask().WithinAsync($"run '{blocked.Run.Id}' to tell that its node began"));
        }
        while (reader.Current.Kind != RunEventKinds.Tasks || EventStream.IsDurable(reader.Current)
            || !reader.Current.Data.Contains("\"gated\"", StringComparison.Ordinal));

        // What else there was would have come with it.
        var next = reader.MoveNextAsync().AsTask();
        var isTold = next.IsCompleted;
        append.Release();

        Assert.False(isTold, "Something was told of a superstep that was not durable.");
        Assert.True(await next.WithinAsync($"run '{blocked.Run.Id}' to tell of its superstep"));
        Assert.True(EventStream.IsDurable(reader.Current));
    }

    [Fact]
    public async Task EventsAsync_ReaderIsSlow_IsToldOfTheGapAndTheRunGoesOn()
    {
        const int Kept = 16;
        await using var cluster = await RunCluster.StartAsync(options =>
            options.Configure = runs => runs.Configure<RunEventsOptions>(o => o.KeptEvents = Kept));
        var thread = cluster.Runs.Thread();
        var run = await thread.StartAsync(SampleGraphs.Chatty, new { count = 500 });
        await using var slow = run.EventsAsync().GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());
        var first = slow.Current;

        await cluster.Gates.Of(thread.Id).ReachedAsync();
        cluster.Gates.Of(thread.Id).Open();
        var ended = await run.WaitAsync().WithinAsync("the run to end although its reader is slow");
        var rest = new List<RunEvent>();
        while (await slow.MoveNextAsync())
        {
            rest.Add(slow.Current);
        }

        Assert.Equal(RunStatus.Success, ended.Status);
        EventStream.AssertNothingIsMissedSilently([first, .. rest]);
        Assert.Contains(rest.Prepend(first), e => e.Kind == RunEventKinds.Gap);
    }

    [Fact]
    public async Task EventsAsync_ManyReaders_ReadTheSame()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var readings = Enumerable.Range(0, 5).Select(_ => blocked.Run.ReadAllAsync()).ToArray();

        blocked.Gate.Open();
        var read = await Task.WhenAll(readings).WithinAsync("all readers to end");

        Assert.All(read, events => Assert.Equal(read[0], events));
    }

    [Fact]
    public async Task EventsAsync_ActivationWasCollected_TellsAllThatIsDurableAgain()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var live = await blocked.Run.ReadAllAsync();
        await cluster.DeactivateAsync(blocked.Run.Id);

        var replayed = await blocked.Run.ReadAllAsync();

        EventStream.AssertSame(live.Where(EventStream.IsDurable), replayed.Where(EventStream.IsDurable));
        EventStream.AssertNothingIsMissedSilently(live);
        EventStream.AssertNothingIsMissedSilently(replayed);
        Assert.Equal(live.Count(e => !EventStream.IsDurable(e)), replayed.Count(e => e.Kind == RunEventKinds.Gap));
    }

    [Fact]
    public async Task EventsAsync_RunGoesOnElsewhere_GoOnAfterTheLastNumber()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        await using var reader = blocked.Run.EventsAsync().GetAsyncEnumerator();
        var events = new List<RunEvent>();
        while (events.LastOrDefault()?.Kind != RunEventKinds.Checkpoints)
        {
            Assert.True(await reader.MoveNextAsync());
            events.Add(reader.Current);
        }

        await cluster.DeactivateAsync(blocked.Run.Id);
        blocked.Gate.Open();
        while (await reader.MoveNextAsync())
        {
            events.Add(reader.Current);
        }

        Assert.Equal(RunEventKinds.End, events[^1].Kind);
        EventStream.AssertNothingIsMissedSilently(events);
    }
}
