using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What the stop of a silo does, from its first stage to the one that closes storage.</summary>
public sealed class DrainScenarioTests
{
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task StopAsync_NodeListens_IsCancelledAndAwaitedToTheEndOfItsCleanup()
    {
        var isClean = false;
        await using var bench = await DrainBench.StartAsync(nodeGrace: DrainBench.Stuck, script: async node =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken);
            }
            finally
            {
                await Slowness.OfAsync(TimeSpan.FromMilliseconds(200));
                isClean = true;
            }
        });
        var run = await bench.Cluster.Runs.Thread().StartAsync(DrainBench.Scripted, new { });
        await bench.ScriptReached.Task.WithinAsync("the node to begin");

        await bench.StopAsync();

        Assert.True(isClean);
        var told = await bench.ToldAsync(run);
        Assert.Equal((DrainOutcome.Interrupted, DrainSignal.Cancellation), (told.Outcome, told.Signal));
    }

    [Fact]
    public async Task StopAsync_NodesIgnoreTheirCancellation_IsBounded()
    {
        await using var bench = await DrainBench.StartAsync(nodeGrace: DrainBench.Stuck);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => bench.Cluster.StartGatedRunAsync(SampleGraphs.Blocking)));
        var started = TimeProvider.System.GetTimestamp();

        await bench.StopAsync();

        var report = (await bench.ReportAsync())!;
        Assert.Equal(5, report.Count(DrainOutcome.TimedOut));
        Assert.Equal(5, report.Count(DrainSignal.LeftBehind));
        Assert.True(report.IsWithinBudget, $"The drain took {report.Elapsed} of {report.Budget}.");
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, report.Budget + DrainBudget.Margin);
    }

    [Fact]
    public async Task BeginAsync_NoRunIsActive_TakesNoTimeWritesNothingAndIsTheSameAgain()
    {
        await using var bench = await DrainBench.StartAsync();
        var ended = await bench.Cluster.StartGatedRunAsync();
        ended.Gate.Open();
        await ended.Run.WaitAsync().WithinAsync("the run to end");
        var drain = bench.Cluster.Services.GetRequiredService<SiloDrain>();
        var live = bench.Cluster.Services.GetRequiredService<LiveRuns>();
        await Eventually.TrueAsync(() => Task.FromResult(!live.Contains(ended.Run.Id)), "the run to leave");

        var first = await drain.BeginAsync().WithinAsync("the idle drain");
        var second = await drain.BeginAsync();
        await bench.StopAsync();

        Assert.Same(first, second);
        Assert.Empty(first.Runs);
        Assert.True(first.Elapsed < Prompt, $"It took {first.Elapsed}.");
        Assert.Null(await bench.ReportAsync());
    }

    [Fact]
    public async Task StopAsync_RunsAreActive_IsDrainedBeforeStorageClosesAndNothingIsWrittenAfter()
    {
        var history = new StopHistory();
        await using var bench = await DrainBench.StartAsync(nodeGrace: DrainBench.Stuck, configure: history.Attach);
        var runs = new[]
        {
            await bench.Cluster.StartGatedRunAsync(),
            await bench.Cluster.StartGatedRunAsync(),
            await bench.Cluster.StartGatedRunAsync(SampleGraphs.Deaf),
        };
        bench.Hooks.After = call => history.NoteAsync($"row {call}");
        history.Clear();

        await bench.StopAsync();

        var events = history.Events;
        Assert.All(runs, run => Assert.Single(events, one => one == $"end {run.Run.Id}"));
        Assert.Equal(3, events.Count(one => one == $"row {nameof(IRunCatalog.EndAsync)}"));
        // The gate first, then the last checkpoints and rows, and only then what they need is taken away.
        var lastWrite = events.FindLastIndex(one => one.Split(' ')[0] is "end" or "row");
        Assert.True(events.IndexOf("stage gate") < events.FindIndex(one => one.StartsWith("end ", StringComparison.Ordinal)));
        Assert.True(lastWrite < events.IndexOf("stage deactivation"), string.Join(", ", events));
        Assert.True(events.IndexOf("stage deactivation") < events.IndexOf("stage closed"));
        Assert.Empty(history.Late);
    }

    [Fact]
    public async Task StopAsync_RunEndsInTheDrain_ItsStatusIsTheSameInMemoryAndInStorage()
    {
        await using var bench = await DrainBench.StartAsync(
            options: new DrainOptions { Timeout = TimeSpan.FromMinutes(1), SuperstepGrace = TimeSpan.FromSeconds(30) });
        var slow = await bench.Cluster.StartGatedRunAsync(SampleGraphs.Deaf);
        var run = await bench.Cluster.StartGatedRunAsync(SampleGraphs.Chatty);

        var stop = bench.StopAsync();
        await bench.Stopping.WithinAsync("the silo to stop");
        run.Gate.Open();
        RunSnapshot? memory = null;
        // From inside: the gateway closes for clients before the drain has ended.
        var inside = bench.Cluster.Services.GetRequiredService<IRunsClient>().Run(run.Run.Id);
        await Eventually.TrueAsync(async () => (memory = await inside.GetAsync()).IsFinal, "the run to end while its silo is drained");
        slow.Gate.Open();
        await stop;

        Assert.Equal((RunStatus.Success, RunStatus.Success), (memory!.Status, (await bench.FindAsync(run.Run)).Status));
    }

    [Theory]
    [InlineData(nameof(IRunCatalog.ListReadyAsync))]
    [InlineData(nameof(IRunCatalog.ListBlockedAsync))]
    public async Task StopAsync_QueueIsReadAndTheDatabaseDoesNotAnswer_IsNotWaitedFor(string read)
    {
        var (reached, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await DrainBench.StartAsync();
        bench.Hooks.Before = call => call == read && (reached.TrySetResult() || true) ? answer.Task : Task.CompletedTask;
        await reached.Task.WithinAsync("the queue to be read");

        await bench.StopAsync();

        answer.SetResult();
    }

    [Fact]
    public async Task StopAsync_SiloForADueRunIsChosenAndTheDatabaseDoesNotAnswer_IsNotWaitedFor()
    {
        var (reached, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await DrainBench.StartAsync();
        var request = new StartRunRequest { RunId = "due", Graph = "a graph of another release", Input = "{}" };
        var run = new NewRun(request.RunId, "thread", request.Graph, "fingerprint", RunRequests.ToRow(request));
        await bench.Cluster.Catalog.AdmitAsync(run, CancellationToken.None);
        await bench.Cluster.Catalog.BeginAsync(run.RunId, 1, "a silo that died", CancellationToken.None);
        bench.LeaseHooks.Before = call =>
            call == nameof(IOwnerLeases.ListLiveAsync) && (reached.TrySetResult() || true) ? answer.Task : Task.CompletedTask;
        bench.Cluster.Services.GetRequiredService<RecoverySignal>().Raise(RecoveryReason.LeaseRegained);
        await reached.Task.WithinAsync("recovery to choose a silo");

        var stop = bench.StopAsync();
        await Task.WhenAny(stop);
        answer.SetResult();
        await stop;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StopAsync_ReportIsNotTakenAtFirst_IsStoredWhenTheDatabaseIsBack(bool isAnswerLost)
    {
        await using var bench = await DrainBench.StartAsync();
        var run = await bench.Cluster.StartGatedRunAsync();
        var failures = 0;
        Task Fail() => ++failures <= 3 ? throw new IOException("The connection was reset.") : Task.CompletedTask;
        bench.ReportHooks.Before = _ => isAnswerLost ? Task.CompletedTask : Fail();
        bench.ReportHooks.After = _ => isAnswerLost ? Fail() : Task.CompletedTask;

        await bench.StopAsync();

        Assert.Equal(4, failures);
        Assert.Equal(DrainOutcome.Interrupted, (await bench.ToldAsync(run.Run)).Outcome);
    }

    [Fact]
    public async Task BeginAsync_ReportIsNeverAnswered_EndsWithinTheOneBudgetAndTheRunsAreWritten()
    {
        await using var bench = await DrainBench.StartAsync(options: DrainBench.Short);
        var run = await bench.Cluster.StartGatedRunAsync();
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = TimeProvider.System.GetTimestamp();
        bench.ReportHooks.Before = _ => answer.Task;

        var report = await bench.Cluster.Services.GetRequiredService<SiloDrain>().BeginAsync()
            .WithinAsync($"the drain of run '{run.Run.Id}' to give its report up");
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        answer.SetException(new InvalidOperationException("The database is gone."));
        await bench.StopAsync();

        Assert.InRange(elapsed, DrainBench.Short.Timeout / 2, DrainBench.Short.Timeout + DrainBudget.Margin);
        Assert.Equal(DrainOutcome.Interrupted, Assert.Single(report.Runs).Outcome);
        Assert.Equal(RunStatus.Interrupted, (await bench.FindAsync(run.Run)).Status);
        Assert.Null(await bench.ReportAsync());
        Assert.Contains(bench.Logs, line => line.StartsWith("Error", StringComparison.Ordinal)
            && line.Contains("The drain report of silo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StopAsync_OneWriteFails_IsSurfacedWithItsRunAndHidesNoOther()
    {
        await using var bench = await DrainBench.StartAsync(options: DrainBench.Short);
        var failing = await bench.Cluster.StartGatedRunAsync();
        var good = await bench.Cluster.StartGatedRunAsync();
        var measured = new ConcurrentQueue<(string Name, double Value, string Tags)>();
        using var listener = Listen(bench.Cluster.Services.GetRequiredService<IMeterFactory>(), measured);
        bench.Hooks.BeforeEnd = end => end.RunId == failing.Run.Id
            ? throw new InvalidOperationException("The disk is full.")
            : Task.CompletedTask;

        await bench.StopAsync();
        bench.Hooks.BeforeEnd = _ => Task.CompletedTask;

        var told = await bench.ToldAsync(failing.Run);
        Assert.Equal((DrainOutcome.NotPersisted, RunStatus.Running), (told.Outcome, told.Status));
        Assert.Contains("The disk is full.", told.Error, StringComparison.Ordinal);
        Assert.Equal(DrainOutcome.Interrupted, (await bench.ToldAsync(good.Run)).Outcome);
        Assert.Equal(RunStatus.Interrupted, (await bench.FindAsync(good.Run)).Status);
        Assert.Contains(bench.Logs, line => line.StartsWith("Error", StringComparison.Ordinal)
            && line.Contains(failing.Run.Id, StringComparison.Ordinal) && line.Contains("The disk is full.", StringComparison.Ordinal));
        Assert.Equal(1, measured.Where(one => one.Name == "orleansruns.drain.persist.failures").Sum(one => one.Value));
        Assert.Equal(
            ["interrupted cancellation", "not_persisted cancellation"],
            measured.Where(one => one.Name == "orleansruns.drain.runs").Select(one => one.Tags).Order());
        Assert.Single(measured, one => one.Name == "orleansruns.drain.duration");
    }

    private static MeterListener Listen(IMeterFactory meters, ConcurrentQueue<(string Name, double Value, string Tags)> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Name.StartsWith("orleansruns.drain.", StringComparison.Ordinal) && instrument.Meter.Scope == meters)
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            measured.Enqueue((instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => tag.Value)))));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => measured.Enqueue((instrument.Name, value, "")));
        listener.Start();
        return listener;
    }
}
