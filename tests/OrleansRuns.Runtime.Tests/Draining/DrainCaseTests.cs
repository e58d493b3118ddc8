using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>The cases in which other systems lose runs when they stop, a letter for each.</summary>
public sealed partial class DrainCaseTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void Cases_EveryLetter_HasATest()
    {
        // P needs a web server, and is tested where there is one.
        var elsewhere = File.ReadLines(Path.Combine(FindTests(), "OrleansRuns.Host.Tests", "Web", "DrainCaseTests.cs"))
            .Select(line => TestOfHost().Match(line).Groups[1].Value);
        var letters = typeof(DrainCaseTests).GetMethods().Select(method => method.Name).Concat(elsewhere)
            .Select(name => Letter().Match(name))
            .Where(match => match.Success).Select(match => match.Groups[1].Value).Distinct().Order();

        Assert.Equal("ABCDEFGHIJKLMNOP", string.Concat(letters));
    }

    [Fact]
    public async Task A_CancelledRunIsStillRollingBack_IsRolledBackAndCancelled()
    {
        await using var bench = await DrainBench.StartAsync();
        var run = await bench.Cluster.StartGatedRunAsync();
        var ending = bench.HoldUntilStopping(nameof(IRunCatalog.EndAsync));
        await run.Run.CancelAsync(CancelAction.Rollback);
        await ending;

        await bench.StopAsync();

        AssertRolledBack(await bench.FindAsync(run.Run));
        Assert.Equal(DrainOutcome.Completed, (await bench.ToldAsync(run.Run)).Outcome);
    }

    [Fact]
    public async Task B_PendingRunHasNoWorkYet_StaysPendingAndBeginsAtTheNextStart()
    {
        await using var bench = await DrainBench.StartAsync();
        var active = await bench.Cluster.StartGatedRunAsync();
        var queued = await active.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);

        await bench.StopAsync();

        Assert.True(await bench.FindAsync(queued) is { Status: RunStatus.Pending, Attempt: 0 });
        Assert.DoesNotContain((await bench.ReportAsync())!.Runs, one => one.RunId == queued.Id);
        await bench.RestartAsync();
        bench.Cluster.Gates.OpenAll();
        Assert.Equal(
            RunStatus.Success, (await bench.Cluster.Runs.Run(queued.Id).WaitAsync().WithinAsync("the queued run to end")).Status);
    }

    [Fact]
    public async Task B_PendingRunWaitsForTheDatabase_IsNotBegunAnyMore()
    {
        await using var bench = await DrainBench.StartAsync();
        var tried = bench.FailClaims();
        var run = await bench.Cluster.Runs.Thread().StartAsync(SampleGraphs.Gated, new { });
        await tried;

        await bench.StopAsync();

        Assert.True(await bench.FindAsync(run) is { Status: RunStatus.Pending, Attempt: 0 });
        Assert.Equal((DrainOutcome.Interrupted, RunStatus.Pending), Of(await bench.ToldAsync(run)));
    }

    [Fact]
    public async Task B_PendingRunWaitsForTheDatabaseInAnOperatorsDrain_BeginsWhenTheCordonIsUndone()
    {
        await using var bench = await DrainBench.StartAsync();
        var tried = bench.FailClaims();
        var thread = bench.Cluster.Runs.Thread();
        bench.Cluster.Gates.Of(thread.Id).Open();
        var run = await thread.StartAsync(SampleGraphs.Gated, new { });
        await tried;
        var cordon = bench.Cluster.Services.GetRequiredService<SiloCordon>();

        await cordon.CordonAsync();
        await bench.Cluster.Services.GetRequiredService<SiloDrain>().DrainNowAsync("drain").WithinAsync("the drain");
        bench.Hooks.Before = _ => Task.CompletedTask;
        await cordon.UncordonAsync();

        Assert.Equal(RunStatus.Success, (await run.WaitAsync().WithinAsync("the run to begin and end")).Status);
    }

    [Fact]
    public async Task C_RunAdmittedInTheMiddleOfTheDrain_StaysPendingAndBeginsAtTheNextStart()
    {
        await using var bench = await DrainBench.StartAsync(nodeGrace: DrainBench.Stuck);
        await bench.Cluster.StartGatedRunAsync(SampleGraphs.Deaf);
        var thread = bench.Cluster.Runs.Thread();
        await (await thread.StartAsync(SampleGraphs.Failing, new { })).WaitAsync().WithinAsync("the first run of the thread to end");

        var stop = bench.StopAsync();
        await bench.Stopping.WithinAsync("the silo to stop");
        var late = await thread.StartAsync(SampleGraphs.Failing, new { });
        await stop;

        Assert.True(await bench.FindAsync(late) is { Status: RunStatus.Pending, Attempt: 0, Owner: null });
        await bench.RestartAsync();
        bench.Cluster.Gates.OpenAll();
        Assert.Equal(
            RunStatus.Error, (await bench.Cluster.Runs.Run(late.Id).WaitAsync().WithinAsync("the late run to end")).Status);
    }

    [Fact]
    public async Task C_RunAdmittedWhileTheHostStopsWhatIsInFrontOfTheSilo_StaysPendingAndBeginsAtTheNextStart()
    {
        // Such as a web server that lets its requests end. Until then the silo is a member like any other, and grains are placed there.
        var server = new HeldStop();
        await using var bench = await DrainBench.StartAsync(configure: silo => silo.Services.AddSingleton<IHostedService>(server));

        var stop = bench.StopAsync();
        await server.Reached.WithinAsync("the host to stop what is in front of the silo");
        var late = await bench.Cluster.Runs.Thread().StartAsync(SampleGraphs.Failing, new { });
        var seen = await late.GetAsync();
        server.LetGo();
        await stop;

        Assert.Equal(RunStatus.Pending, seen.Status);
        Assert.True(await bench.FindAsync(late) is { Status: RunStatus.Pending, Attempt: 0, Owner: null });
        await bench.RestartAsync();
        Assert.Equal(
            RunStatus.Error, (await bench.Cluster.Runs.Run(late.Id).WaitAsync().WithinAsync("the late run to end")).Status);
    }

    [Fact]
    public async Task D_RunHasSucceededAndItsTailStillWrites_StaysASuccess()
    {
        await using var bench = await DrainBench.StartAsync();
        var run = await bench.Cluster.StartGatedRunAsync();
        var ending = bench.HoldUntilStopping(nameof(IRunCatalog.EndAsync));
        run.Gate.Open();
        await ending;

        await bench.StopAsync();

        Assert.True(await bench.FindAsync(run.Run) is { Status: RunStatus.Success, StopReason: null, Attempt: 1 });
        Assert.Equal((DrainOutcome.Completed, RunStatus.Success), Of(await bench.ToldAsync(run.Run)));
    }

    [Fact]
    public async Task E_RunIsStuck_ItsInterruptedIsWrittenAllTheSameAndItGoesOn()
    {
        await using var bench = await DrainBench.StartAsync(nodeGrace: DrainBench.Stuck);
        var run = await bench.Cluster.StartGatedRunAsync(SampleGraphs.Deaf);

        await bench.StopAsync();

        AssertDrained(await bench.FindAsync(run.Run));
        Assert.Equal((DrainOutcome.TimedOut, RunStatus.Interrupted), Of(await bench.ToldAsync(run.Run)));
        Assert.Contains(bench.Logs, line => line.Contains(run.Run.Id, StringComparison.Ordinal));
        await bench.RestartAsync();
        bench.Cluster.Gates.OpenAll();
        var state = await bench.Cluster.Runs.Run(run.Run.Id).ResultAsync<SampleResult>().WithinAsync("the run to end");
        Assert.Equal(["first", "gated", "last"], state.Done);
    }

    [Fact]
    public async Task F_CleanupThrows_IsInterruptedAndTheExceptionIsLogged()
    {
        await using var bench = await DrainBench.StartAsync(script: async node =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken);
            }
            finally
            {
                ThrowFromCleanup();
            }
        });
        var run = await bench.Cluster.Runs.Thread().StartAsync(DrainBench.Scripted, new { });
        await bench.ScriptReached.Task.WithinAsync("the node to begin");

        await bench.StopAsync();

        AssertDrained(await bench.FindAsync(run));
        Assert.Equal((DrainOutcome.Interrupted, RunStatus.Interrupted), Of(await bench.ToldAsync(run)));
        Assert.Contains(bench.Logs, line => line.Contains("The cleanup failed.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task G_CancellationIsSwallowed_IsInterruptedBehindTheSuperstepThatReturned()
    {
        var executions = 0;
        await using var bench = await DrainBench.StartAsync(
            nodeGrace: TimeSpan.FromSeconds(10),
            options: new DrainOptions { Timeout = TimeSpan.FromMinutes(1), SuperstepGrace = TimeSpan.FromMilliseconds(200) },
            script: node =>
            {
                Interlocked.Increment(ref executions);
                return Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken));
            });
        var run = await bench.Cluster.Runs.Thread().StartAsync(DrainBench.Scripted, new { });
        await bench.ScriptReached.Task.WithinAsync("the node to begin");

        await bench.StopAsync();

        AssertDrained(await bench.FindAsync(run));
        Assert.Equal((DrainOutcome.Interrupted, RunStatus.Interrupted), Of(await bench.ToldAsync(run)));
        await bench.RestartAsync(script: _ => Task.FromResult(Interlocked.Increment(ref executions)));
        var state = await bench.Cluster.Runs.Run(run.Id).ResultAsync<SampleResult>().WithinAsync($"run '{run.Id}' to end");
        Assert.Equal(["first", "scripted", "last"], state.Done);
        Assert.Equal(1, executions);
    }

    [Fact]
    public async Task H_SuccessIsStagedInTheDrainAndThenCancelled_MemoryAndStorageAgree()
    {
        await using var bench = await DrainBench.StartAsync();
        var run = await bench.Cluster.StartGatedRunAsync();
        var staged = new TaskCompletionSource<RunStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Hooks.BeforeEnd = async end =>
        {
            if (staged.TrySetResult(end.Status))
            {
                await bench.Stopping;
                await bench.Cluster.Catalog.RequestCancelAsync(run.Run.Id, CancelAction.Interrupt, None);
            }
        };
        run.Gate.Open();
        var first = await staged.Task.WithinAsync($"the end of run '{run.Run.Id}' to be staged");

        await bench.StopAsync();

        var row = await bench.FindAsync(run.Run);
        var told = await bench.ToldAsync(run.Run);
        Assert.True(row is { Status: RunStatus.Interrupted, StopReason: StopReason.Cancelled, IsFinal: true });
        Assert.Equal((row.Status, row.StopReason, DrainOutcome.Completed), (told.Status, told.StopReason, told.Outcome));
        Assert.Equal(RunStatus.Success, first);
    }

    private static (DrainOutcome Outcome, RunStatus Status) Of(DrainedRun told) => (told.Outcome, told.Status);

    private static void AssertDrained(RunRow row) => Assert.Equal(
        (RunStatus.Interrupted, StopReason.Drained, true, 1), (row.Status, row.StopReason, row.Resumable, row.Attempt));

    private static void AssertRolledBack(RunRow row) => Assert.Equal(
        (RunStatus.Interrupted, StopReason.Cancelled, true, true), (row.Status, row.StopReason, row.RolledBack, row.IsFinal));

    private static void ThrowFromCleanup() => throw new InvalidOperationException("The cleanup failed.");

    private static string FindTests()
    {
        var folder = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(folder, "OrleansRuns.Host.Tests")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    [GeneratedRegex(@"public async Task (\w+)\(\)")]
    private static partial Regex TestOfHost();

    [GeneratedRegex("^([A-Z])_")]
    private static partial Regex Letter();
}
