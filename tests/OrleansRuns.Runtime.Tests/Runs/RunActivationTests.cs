using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunActivationTests
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);

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

    [Fact]
    public async Task Activation_LostWhileActive_GoesOnFromTheLastCheckpoint()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        await cluster.DeactivateAsync(blocked.Run.Id);
        blocked.Gate.Open();
        var ended = await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var state = await blocked.Run.ResultAsync<SampleResult>();

        Assert.Equal(2, ended.Attempt);
        Assert.Equal(["first", "gated", "last"], state.Done);
        Assert.Equal(2, blocked.Gate.Arrivals);
    }
}
