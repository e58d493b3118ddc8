using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed partial class DrainCaseTests
{
    [Theory]
    [InlineData(SampleGraphs.Gated, false)]
    [InlineData(SampleGraphs.Deaf, true)]
    public async Task I_RollbackWasRequestedElsewhere_IsNotCutShort(string graph, bool isStuck)
    {
        await using var bench = await DrainBench.StartAsync(nodeGrace: isStuck ? DrainBench.Stuck : null);
        var run = await bench.Cluster.StartGatedRunAsync(graph);
        // Durable, and not delivered.
        await bench.Cluster.Catalog.RequestCancelAsync(run.Run.Id, CancelAction.Rollback, None);

        await bench.StopAsync();

        AssertRolledBack(await bench.FindAsync(run.Run));
        Assert.Equal(isStuck ? DrainOutcome.TimedOut : DrainOutcome.Completed, (await bench.ToldAsync(run.Run)).Outcome);
    }

    [Fact]
    public async Task J_DrainIsCancelledAgainAndAgain_EndsOnceWithEverythingWritten()
    {
        var options = new DrainOptions { Timeout = TimeSpan.FromMinutes(1) };
        await using var bench = await DrainBench.StartAsync(nodeGrace: DrainBench.Stuck, options: options);
        var good = await bench.Cluster.StartGatedRunAsync();
        var stuck = await bench.Cluster.StartGatedRunAsync(SampleGraphs.Deaf);
        var drain = bench.Cluster.Services.GetRequiredService<SiloDrain>();
        var lifecycle = new SiloLifecycleSubject(
            Microsoft.Extensions.Logging.Abstractions.NullLogger<SiloLifecycleSubject>.Instance);
        drain.Participate(lifecycle);
        await lifecycle.OnStart(None);
        using var cancelled = new CancellationTokenSource();

        var first = drain.BeginAsync();
        var joining = lifecycle.OnStop(cancelled.Token);
        await cancelled.CancelAsync();
        var second = drain.BeginAsync();
        await joining.WithinAsync("the cancelled drain to end");
        await bench.StopAsync();

        Assert.Same(first, second);
        Assert.Equal((DrainOutcome.Interrupted, RunStatus.Interrupted), Of(await bench.ToldAsync(good.Run)));
        Assert.Equal((DrainOutcome.TimedOut, RunStatus.Interrupted), Of(await bench.ToldAsync(stuck.Run)));
        // Only what is kept for the last writes was left to it.
        Assert.True((await first).Elapsed < options.Reserve * 2, $"It took {(await first).Elapsed}.");
    }

    [Fact]
    public async Task K_OneStuckRunBesideFiftyGoodOnes_AllFiftyArePersistedByThemselves()
    {
        const int Good = 50;
        // A share of 15 seconds for the last writes, and what is before it is not waited for.
        var options = new DrainOptions { Timeout = TimeSpan.FromSeconds(75), SuperstepGrace = TimeSpan.FromMilliseconds(200) };
        await using var bench = await DrainBench.StartAsync(nodeGrace: TimeSpan.FromMinutes(5), options: options);
        var stuck = await bench.Cluster.StartGatedRunAsync(SampleGraphs.Deaf);
        var good = await Task.WhenAll(Enumerable.Range(0, Good).Select(_ => bench.Cluster.StartGatedRunAsync()));
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ends = 0;
        bench.Hooks.After = call =>
        {
            _ = call == nameof(IRunCatalog.EndAsync) && Interlocked.Increment(ref ends) == Good && settled.TrySetResult();
            return Task.CompletedTask;
        };
        var drain = bench.Cluster.Services.GetRequiredService<SiloDrain>();

        _ = drain.BeginAsync();
        await settled.Task.WithinAsync($"the good runs beside run '{stuck.Run.Id}' to be written");
        var beside = await bench.FindAsync(stuck.Run);
        var hurried = TimeProvider.System.GetTimestamp();
        await drain.EndAsync().WithinAsync($"the drain with the stuck run '{stuck.Run.Id}' to end in a hurry");
        var elapsed = TimeProvider.System.GetElapsedTime(hurried);
        await bench.StopAsync();

        Assert.Equal(RunStatus.Running, beside.Status);
        Assert.InRange(elapsed, TimeSpan.Zero, options.Reserve + DrainBudget.Margin);
        var report = (await bench.ReportAsync())!;
        Assert.Equal((Good, 1), (report.Count(DrainOutcome.Interrupted), report.Count(DrainOutcome.TimedOut)));
        Assert.True(report.IsWithinBudget, $"It took {report.Elapsed} of {report.Budget}.");
        Assert.Equal(DrainOutcome.TimedOut, (await bench.ToldAsync(stuck.Run)).Outcome);
        foreach (var run in good)
        {
            AssertDrained(await bench.FindAsync(run.Run));
        }
    }

    [Fact]
    public async Task L_DatabaseStallsForLessThanTheReserve_EverythingIsPersisted()
    {
        // The run writes its end itself, whatever time its appends take on a busy machine.
        await using var bench = await DrainBench.StartAsync(
            options: new DrainOptions { Timeout = TimeSpan.FromMinutes(1), SuperstepGrace = TimeSpan.FromMilliseconds(200) });
        var run = await bench.Cluster.StartGatedRunAsync();
        bench.Hooks.Before = bench.LogHooks.Before = call => call is nameof(IRunCatalog.EndAsync) or nameof(IThreadLogStore.AppendAsync)
            ? Slowness.OfAsync(TimeSpan.FromMilliseconds(700))
            : Task.CompletedTask;

        await bench.StopAsync();

        AssertDrained(await bench.FindAsync(run.Run));
        Assert.Equal(DrainOutcome.Interrupted, (await bench.ToldAsync(run.Run)).Outcome);
    }

    [Theory]
    [InlineData(nameof(IRunCatalog.EndAsync), nameof(IRunCatalog.FindRunAsync))]
    [InlineData(nameof(IThreadLogStore.AppendAsync), nameof(IThreadLogStore.ReadPageAsync))]
    public async Task L_DatabaseStallsForMoreThanTheReserve_TheStopIsBoundedAndTheRunIsTold(string write, string read)
    {
        await using var bench = await DrainBench.StartAsync(options: DrainBench.Short);
        var run = await bench.Cluster.StartGatedRunAsync();
        var healed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Hooks.Before = bench.LogHooks.Before = call => call == write || call == read ? healed.Task : Task.CompletedTask;

        await bench.StopAsync();
        healed.SetResult();

        var told = await bench.ToldAsync(run.Run);
        Assert.Equal(DrainOutcome.NotPersisted, told.Outcome);
        Assert.NotNull(told.Error);
        Assert.True((await bench.ReportAsync())!.IsWithinBudget);
        Assert.Contains(
            bench.Logs,
            line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains(run.Run.Id, StringComparison.Ordinal)
                && line.Contains("could not be written before its silo stops", StringComparison.Ordinal));
        await bench.RestartAsync();
        bench.Cluster.Gates.OpenAll();
        var state = await bench.Cluster.Runs.Run(run.Run.Id).ResultAsync<SampleResult>().WithinAsync("the run to end");
        Assert.Equal(["first", "gated", "last"], state.Done);
    }

    [Fact]
    public async Task M_WriteIsAppliedAndItsAnswerIsLost_IsPersistedOnce()
    {
        await using var bench = await DrainBench.StartAsync();
        var run = await bench.Cluster.StartGatedRunAsync();
        var lost = 0;
        bench.Hooks.After = call => call == nameof(IRunCatalog.EndAsync) && Interlocked.Increment(ref lost) == 1
            ? throw new TimeoutException("The answer was lost.")
            : Task.CompletedTask;

        await bench.StopAsync();

        Assert.True(lost > 1);
        AssertDrained(await bench.FindAsync(run.Run));
        Assert.Equal(DrainOutcome.Interrupted, (await bench.ToldAsync(run.Run)).Outcome);
    }

    [Fact]
    public async Task N_LastSuperstepEndsInTheDrain_IsASuccess()
    {
        await using var bench = await DrainBench.StartAsync(
            options: new DrainOptions { Timeout = TimeSpan.FromMinutes(1), SuperstepGrace = TimeSpan.FromSeconds(30) });
        var run = await bench.Cluster.StartGatedRunAsync(SampleGraphs.Chatty);

        var stop = bench.StopAsync();
        await bench.Stopping.WithinAsync("the silo to stop");
        run.Gate.Open();
        await stop;

        Assert.True(await bench.FindAsync(run.Run) is { Status: RunStatus.Success, StopReason: null });
        Assert.Equal((DrainOutcome.Completed, RunStatus.Success), Of(await bench.ToldAsync(run.Run)));
        Assert.Equal(DrainSignal.Request, (await bench.ToldAsync(run.Run)).Signal);
    }

    [Fact]
    public async Task O_RunHasFinishedAndItsTailHangs_IsNotOverwrittenAndNeverBegunAgain()
    {
        await using var bench = await DrainBench.StartAsync();
        var run = await bench.Cluster.StartGatedRunAsync();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Hooks.After = async call =>
        {
            if (call == nameof(IRunCatalog.EndAsync))
            {
                ended.TrySetResult();
                await released.Task;
            }
        };
        run.Gate.Open();
        await ended.Task.WithinAsync("the run's end to be written");

        await bench.StopAsync();
        released.SetResult();

        var row = await bench.FindAsync(run.Run);
        Assert.True(row is { Status: RunStatus.Success, Attempt: 1 });
        Assert.Equal((DrainOutcome.Completed, RunStatus.Success), Of(await bench.ToldAsync(run.Run)));
        for (var start = 0; start < 2; start++)
        {
            await bench.RestartAsync();
            Assert.Equal(row.UpdatedAt, (await bench.Cluster.Runs.Run(run.Run.Id).GetAsync()).UpdatedAt);
        }
    }
}
