using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Runs of real silos on a real PostgreSQL.</summary>
public sealed class PostgresSiloTests
{
    [Fact]
    public async Task ResumeAsync_TwoSilosOnOneDatabase_GoOnWithEachOthersThreads()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        var builder = new InProcessTestClusterBuilder(2);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => silo
            .AddOrleansRunsPostgres(options => options.ConnectionString = database.ConnectionString)
            .AddOrleansRuns(runs => runs.AddGraph<AskGraph>(SampleGraphs.Ask)));
        builder.ConfigureClient(client => client.AddOrleansRunsClient());
        await using var cluster = builder.Build();
        await cluster.DeployAsync().WithinAsync("the cluster to start");
        var runs = cluster.Client.ServiceProvider.GetRequiredService<IRunsClient>();

        var answers = await AtOnce.RunAsync(20, async index =>
        {
            var thread = runs.Thread();
            await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync();
            var answered = await thread.ResumeAsync(SampleGraphs.Ask, $"Ada {index}");
            var ended = await answered.WaitAsync();
            return (Run: ended, State: await answered.ResultAsync<Greeted>(), History: await thread.GetHistoryAsync());
        });

        Assert.All(answers, answer => Assert.Equal(RunStatus.Success, answer.Run.Status));
        Assert.All(answers.Index(), pair => Assert.Equal([$"Hello Ada {pair.Index}"], pair.Item.State.Done));
        Assert.All(answers, answer => Assert.True(answer.History.Count >= 3, $"{answer.History.Count} checkpoints."));
        var lists = cluster.Silos[0].ServiceProvider.GetRequiredService<IRunLists>();
        Assert.Empty((await lists.SearchRunsAsync(
            new() { Statuses = [RunStatus.Pending, RunStatus.Running, RunStatus.Interrupted] }, CancellationToken.None)).Runs);
    }

    private sealed record Greeted(IReadOnlyList<string> Done);
}
