using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a reader may ask for, and what becomes of its run when it goes away.</summary>
public sealed class RunReadersTests
{
    [Fact]
    public async Task EventsAsync_SomeModes_TellsThemLiveAndAgainWithoutGaps()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var reading = blocked.Run.ReadAllAsync(kinds: [RunEventKinds.Values]);
        blocked.Gate.Open();
        var live = await reading.WithinAsync("the events to end");
        await cluster.DeactivateAsync(blocked.Run.Id);

        var again = await blocked.Run.ReadAllAsync(kinds: [RunEventKinds.Values]);

        Assert.Equal(
            [RunEventKinds.Metadata, .. Enumerable.Repeat(RunEventKinds.Values, 4), RunEventKinds.End], live.Select(e => e.Kind));
        EventStream.AssertSame(live, again);
    }

    [Fact]
    public async Task EventsAsync_ReaderComesLate_IsTheSameAsFromTheStart()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var early = blocked.Run.ReadAllAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync();

        // Nobody read the values when they were told: they come from the log.
        var late = await blocked.Run.ReadAllAsync();

        EventStream.AssertSame(await early, late);
        EventStream.AssertNothingIsMissedSilently(late);
        Assert.DoesNotContain(late, e => e.Kind == RunEventKinds.Gap || e.Data.Length == 0);
    }

    [Fact]
    public async Task EventsAsync_UnknownMode_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        var exception = await Assert.ThrowsAsync<ArgumentException>(() => blocked.Run.ReadAllAsync(kinds: ["debug"]));

        Assert.Contains("'debug'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EventsAsync_SeenTheEnd_IsToldOfItAgain()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        var all = await blocked.Run.ReadAllAsync();

        var rest = await blocked.Run.ReadAllAsync(all[^1].Number);

        Assert.Equal(all[^1], Assert.Single(rest));
    }

    [Fact]
    public async Task EventsAsync_CancelledBeforeItBegan_TellsTheEnd()
    {
        var gate = new TaskCompletionSource();
        await using var cluster = await RunCluster.StartAsync();
        cluster.Store.Hooks.Before = call => call == nameof(IRunCatalog.BeginAsync) ? gate.Task : Task.CompletedTask;
        var run = await cluster.Runs.Thread().StartAsync(SampleGraphs.Gated, new { });
        await run.CancelAsync();
        gate.SetResult();

        var events = await run.ReadAllAsync();

        Assert.Equal((0, RunEventKinds.End), (events.Single().Number, events.Single().Kind));
    }

    [Theory]
    [InlineData(true, RunStatus.Interrupted)]
    [InlineData(false, RunStatus.Success)]
    public async Task EventsAsync_ReaderLeaves_CancelsTheRunOnlyWhenAsked(bool cancelWithReader, RunStatus status)
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        await foreach (var @event in blocked.Run.EventsAsync(cancelWithReader: cancelWithReader))
        {
            Assert.Equal(0, @event.Number);
            break;
        }

        if (!cancelWithReader)
        {
            blocked.Gate.Open();
        }

        Assert.Equal(status, (await blocked.Run.WaitAsync().WithinAsync("the run to end")).Status);
    }

    [Fact]
    public async Task AttendAsync_ReaderOfAQueuedRunLeaves_CancelsTheRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        var active = await cluster.StartGatedRunAsync();
        var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        var grain = cluster.Grains.GetGrain<IRunGrain>(queued.Id);

        await grain.AttendAsync("reader", TimeSpan.FromMinutes(1));
        await grain.AttendAsync("reader", TimeSpan.Zero);

        Assert.Equal(RunStatus.Interrupted, (await queued.WaitAsync().WithinAsync("the queued run to end")).Status);
        active.Gate.Open();
        Assert.Equal(RunStatus.Success, (await active.Run.WaitAsync().WithinAsync("the active run to end")).Status);
    }

    [Fact]
    public async Task EventsAsync_RunMovesWhileItsReaderIsThere_IsNotCancelled()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var reading = blocked.Run.ReadAllAsync(cancelWithReader: true);

        await cluster.DeactivateAsync(blocked.Run.Id);
        blocked.Gate.Open();
        var events = await reading.WithinAsync("the events to end");

        Assert.Equal(RunEventKinds.End, events[^1].Kind);
        Assert.Equal(RunStatus.Success, (await blocked.Run.GetAsync()).Status);
    }

    [Fact]
    public async Task AttendAsync_ReaderIsGoneWhenTheRunGoesOnElsewhere_CancelsTheRunThere()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.Configure = runs =>
            runs.Configure<RunEventsOptions>(events => events.ReaderGrace = TimeSpan.FromMilliseconds(50)));
        var blocked = await cluster.StartGatedRunAsync();
        await cluster.Grains.GetGrain<IRunGrain>(blocked.Run.Id).AttendAsync("reader", TimeSpan.FromMinutes(10));

        await cluster.DeactivateAsync(blocked.Run.Id);
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end where it goes on");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
    }

    [Fact]
    public async Task AttendAsync_LeaseRunsOut_CancelsTheRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        await cluster.Grains.GetGrain<IRunGrain>(blocked.Run.Id).AttendAsync("reader", TimeSpan.FromMilliseconds(50));
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
    }
}
