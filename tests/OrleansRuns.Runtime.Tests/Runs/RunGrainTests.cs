using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunGrainTests
{
    [Fact]
    public async Task WaitAsync_RunEndsByItself_GivesSuccessAndItsState()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var state = await blocked.Run.ResultAsync<SampleResult>();

        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Null(ended.StopReason);
        Assert.Equal(["first", "gated", "last"], state.Done);
    }

    [Fact]
    public async Task GetAsync_NodeIsRunning_AnswersRunning()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        var run = await blocked.Run.GetAsync().WithinAsync("the status");

        Assert.Equal(RunStatus.Running, run.Status);
        Assert.Equal(1, run.Attempt);
    }

    [Fact]
    public async Task WaitAsync_TimeIsOver_AnswersWhatTheRunIsThen()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        var run = await cluster.Grains.GetGrain<IRunGrain>(blocked.Run.Id).WaitAsync(TimeSpan.Zero).WithinAsync("the answer");

        Assert.Equal(RunStatus.Running, run.Status);
    }

    [Fact]
    public async Task GetAsync_RunOfNobody_IsNotFound()
    {
        await using var cluster = await RunCluster.StartAsync();
        var run = cluster.Runs.Run(Guid.CreateVersion7().ToString());

        var exception = await Assert.ThrowsAsync<RunNotFoundException>(() => run.GetAsync());

        Assert.Equal(run.Id, exception.RunId);
    }

    [Theory]
    [InlineData(SampleGraphs.Gated)]
    [InlineData(SampleGraphs.Deaf)]
    [InlineData(SampleGraphs.Blocking)]
    public async Task CancelAsync_NodeIsRunning_EndsAsInterrupted(string graph)
    {
        await using var cluster = await RunCluster.StartAsync(options =>
            options.Configure = runs => runs.Configure<RunsOptions>(o => o.NodeCancellationGrace = TimeSpan.FromMilliseconds(50)));
        var blocked = await cluster.StartGatedRunAsync(graph);

        await blocked.Run.CancelAsync();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the cancelled run to end");
        var state = await blocked.Thread.GetStateAsync();

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal(["gated"], state.Next);
        Assert.Equal(ThreadStatus.Idle, state.Status);
    }

    [Fact]
    public async Task CancelAsync_Repeated_IsNoError()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        await blocked.Run.CancelAsync();
        await blocked.Run.CancelAsync();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the cancelled run to end");
        var again = await blocked.Run.CancelAsync();

        Assert.Equal(ended, again);
    }

    [Fact]
    public async Task CancelAsync_FinalRun_ChangesNothing()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");

        var answer = await blocked.Run.CancelAsync();

        Assert.Equal(ended, answer);
    }

    [Fact]
    public async Task CancelAsync_RunNeverBegan_EndsAsInterruptedAndRunsNoNode()
    {
        using var store = new RunStore();
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var begins = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Hooks.Before = call =>
        {
            begins.TrySetResult();
            return call == nameof(IRunCatalog.BeginAsync) ? release.Task : Task.CompletedTask;
        };
        var thread = cluster.Runs.Thread();
        var run = await thread.StartAsync(SampleGraphs.Gated, new { });
        await begins.Task.WithinAsync("the run to begin");

        await run.CancelAsync();
        release.SetResult();
        var ended = await run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal(0, cluster.Gates.Of(thread.Id).Arrivals);
    }

    [Fact]
    public async Task CancelAsync_AcceptedBeforeSuccessIsWritten_BeatsIt()
    {
        using var store = new RunStore();
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var blocked = await cluster.StartGatedRunAsync();
        var ending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Hooks.Before = call =>
        {
            if (call != nameof(IRunCatalog.EndAsync))
            {
                return Task.CompletedTask;
            }

            ending.TrySetResult();
            return release.Task;
        };
        blocked.Gate.Open();
        await ending.Task.WithinAsync("the run to write its end");

        await blocked.Run.CancelAsync();
        release.SetResult();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
    }

    [Fact]
    public async Task WaitAsync_NodeFails_EndsAsErrorWithItsMessage()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var run = await thread.StartAsync(SampleGraphs.Failing, new { });

        var ended = await run.WaitAsync().WithinAsync("the run to fail");
        var failure = await Assert.ThrowsAsync<RunFailedException>(() => run.ResultAsync<SampleResult>());

        Assert.Equal((RunStatus.Error, StopReason.NodeError), (ended.Status, ended.StopReason));
        Assert.Contains("It had to fail.", ended.Error, StringComparison.Ordinal);
        Assert.Equal(ended, failure.Run);
        Assert.Equal(ThreadStatus.Error, (await thread.GetStateAsync()).Status);
    }

    [Fact]
    public async Task WaitAsync_EndIsNotConfirmed_IsNotReportedBeforeItIs()
    {
        using var store = new RunStore();
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var blocked = await cluster.StartGatedRunAsync();
        var failures = 0;
        var seen = new List<RunStatus>();
        store.Hooks.Before = async call =>
        {
            if (call == nameof(IRunCatalog.EndAsync) && Interlocked.Increment(ref failures) <= 3)
            {
                seen.Add((await blocked.Run.GetAsync()).Status);
                throw new TimeoutException("The database did not answer.");
            }
        };

        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Equal([RunStatus.Running, RunStatus.Running, RunStatus.Running], seen);
    }

    [Fact]
    public async Task WaitAsync_AnswerOfTheEndIsLost_EndsAsItWasWritten()
    {
        using var store = new RunStore();
        await using var cluster = await RunCluster.StartAsync(options => options.Store = store);
        var blocked = await cluster.StartGatedRunAsync();
        var lost = 0;
        store.Hooks.After = call => call == nameof(IRunCatalog.EndAsync) && Interlocked.Increment(ref lost) == 1
            ? throw new TimeoutException("The answer was lost.")
            : Task.CompletedTask;

        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.Equal(2, lost);
    }
}

/// <summary>What a client reads of the sample state.</summary>
public sealed record SampleResult(IReadOnlyList<string> Done, int Count, string? Name, string? Other);
