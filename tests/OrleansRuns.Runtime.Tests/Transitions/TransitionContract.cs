using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A test of the cluster that all tests of transitions share: it leaves no run behind, which would disturb the next one.</summary>
public abstract class TransitionContract(TransitionCluster shared) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Waits until no run is live, and ends those of a test that has left some.</summary>
    public async Task DisposeAsync()
    {
        var cluster = shared.Reset().Cluster;
        var live = cluster.Services.GetRequiredService<LiveRuns>();
        try
        {
            // A run leaves when its end is told, which is a little after the end is durable.
            await Eventually.TrueAsync(
                () => Task.FromResult(live.Runs.Count == 0),
                "the runs of the test to have left the shared cluster",
                found: () => Task.FromResult(string.Join(", ", live.Runs.Select(run => $"run '{run.Row.RunId}', {run.Row.Status}"))));
        }
        catch (TimeoutException)
        {
            foreach (var run in live.Runs)
            {
                await cluster.Runs.Run(run.Row.RunId).CancelAndWaitAsync().WithinAsync($"the leftover run '{run.Row.RunId}' to end");
            }

            throw;
        }
    }
}
