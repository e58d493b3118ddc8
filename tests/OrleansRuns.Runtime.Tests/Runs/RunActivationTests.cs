using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunActivationTests
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Activation_RunIsActive_IsNeverCollectedAndAfterwardsIs()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.CollectionAge = Age);
        var active = await cluster.StartGatedRunAsync();
        var shorter = await cluster.StartGatedRunAsync();
        shorter.Gate.Open();

        // Two idle activations are collected one after the other while nobody calls the active one: it has outlived its age twice.
        await cluster.CollectedAsync(shorter.Run.Id);
        var another = await cluster.StartGatedRunAsync();
        another.Gate.Open();
        await cluster.CollectedAsync(another.Run.Id);

        Assert.True(cluster.IsActivated(active.Run.Id));
        active.Gate.Open();
        await cluster.CollectedAsync(active.Run.Id);
        Assert.Equal(1, active.Gate.Arrivals);
    }

    [Fact]
    public async Task Activation_CollectedAfterTheEnd_AnswersAgain()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.CollectionAge = Age);
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");

        await cluster.CollectedAsync(blocked.Run.Id);

        Assert.Equal(ended, await blocked.Run.GetAsync());
    }

    [Theory]
    [InlineData(RecoveryPolicy.Resume)]
    [InlineData(RecoveryPolicy.Stop)]
    public async Task Activation_LostWhileActive_GoesOnFromTheLastCheckpoint(RecoveryPolicy policy)
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync(policy: policy);

        await cluster.DeactivateAsync(blocked.Run.Id);
        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var state = await blocked.Run.ResultAsync<SampleResult>();

        Assert.Equal(2, ended.Attempt);
        Assert.Equal(["first", "gated", "last"], state.Done);
        Assert.Equal(2, blocked.Gate.Arrivals);
    }

    [Fact]
    public async Task Activation_OverBeforeItsRun_WakesTheNextRunAllTheSame()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.Configure = runs => runs.Configure<RunsOptions>(
            one => (one.DeactivationGrace, one.PendingPeriod) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1))));
        var first = await cluster.StartGatedRunAsync();
        var next = await first.Thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
        var (written, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        cluster.Store.Hooks.After = call =>
            call == nameof(IRunCatalog.EndAsync) && written.TrySetResult() ? answer.Task : Task.CompletedTask;

        first.Gate.Open();
        await written.Task.WithinAsync($"the end of run '{first.Run.Id}' to be written");
        await cluster.DeactivateAsync(first.Run.Id);
        answer.SetResult();

        await Eventually.TrueAsync(
            async () => (await cluster.Catalog.FindRunAsync(next.Id, CancellationToken.None))!.IsFinal, $"run '{next.Id}' to end");
    }

    [Fact]
    public async Task ApplicationStopping_WaiterAndReaderAreOpen_LetsThemGo()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        var grain = cluster.Grains.GetGrain<IRunGrain>(blocked.Run.Id);
        var subscribed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = grain.WaitAsync(TimeSpan.FromSeconds(20));
        var reading = ReadToEndAsync(grain, subscribed);
        await subscribed.Task.WithinAsync("the first event");

        cluster.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        // Far below the twenty seconds of a long poll: nobody's patience may eat the budget of the silo's stop.
        Assert.False((await waiting.WaitAsync(Prompt)).IsFinal);
        Assert.DoesNotContain(RunEventKinds.End, await reading.WaitAsync(Prompt));
    }

    private static async Task<List<string>> ReadToEndAsync(IRunGrain run, TaskCompletionSource subscribed)
    {
        var kinds = new List<string>();
        await foreach (var @event in run.ReadEventsAsync(after: -1))
        {
            kinds.Add(@event.Kind);
            subscribed.TrySetResult();
        }

        return kinds;
    }
}
