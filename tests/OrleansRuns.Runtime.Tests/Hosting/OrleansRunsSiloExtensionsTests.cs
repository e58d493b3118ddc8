using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class OrleansRunsSiloExtensionsTests
{
    [Fact]
    public async Task AddOrleansRuns_GraphsAreBuiltWrongly_TheSiloDoesNotStartAndNamesEveryMistake()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => RunCluster.StartAsync(options => options.Configure = runs =>
        {
            runs.AddGraph<EndlessGraph>("endless");
            runs.AddGraph<ThrowingGraph>("throwing");
            runs.AddGraph<AskGraph>(SampleGraphs.Ask);
        }));

        var message = exception.GetBaseException().Message;
        Assert.Contains("'endless'", message, StringComparison.Ordinal);
        Assert.Contains("'throwing'", message, StringComparison.Ordinal);
        Assert.Contains("It cannot be drawn.", message, StringComparison.Ordinal);
        Assert.Contains($"'{SampleGraphs.Ask}'", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddOrleansRuns_OptionsOutOfRange_TheSiloDoesNotStart()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => RunCluster.StartAsync(options =>
            options.Configure = runs => runs.Configure<RunsOptions>(o => o.MaxInputBytes = 0)));

        Assert.Contains(nameof(RunsOptions.MaxInputBytes), exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddOrleansRuns_Options_AreBoundToTheirSections()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.ConfigureSilo = silo =>
        {
            silo.Configuration[$"{RunsOptions.Section}:NodeCancellationGrace"] = "00:00:07";
            silo.Configuration[$"{RunEventsOptions.Section}:KeptEvents"] = "5";
            silo.Configuration[$"{RunRecoveryOptions.Section}:PageSize"] = "6";
        });

        Assert.Equal(TimeSpan.FromSeconds(7), Options<RunsOptions>(cluster).NodeCancellationGrace);
        Assert.Equal(5, Options<RunEventsOptions>(cluster).KeptEvents);
        Assert.Equal(6, Options<RunRecoveryOptions>(cluster).PageSize);
    }

    [Fact]
    public async Task AddGraph_GraphWithDependencies_GetsThemFromTheSilo()
    {
        await using var cluster = await RunCluster.StartAsync(options =>
            options.Configure = runs => runs.AddGraph<InjectedGraph>("injected"));
        var run = await cluster.Runs.Thread().StartAsync("injected", new { });

        var state = await run.ResultAsync<SampleResult>().WithinAsync("the run to end");

        Assert.Equal(["injected"], state.Done);
    }

    [Fact]
    public void AddGraph_TypeIsNoGraph_IsRefused()
    {
        var builder = new OrleansRunsBuilder(new ServiceCollection());

        Assert.Throws<ArgumentException>(() => builder.AddGraph<string>("text"));
        Assert.Throws<ArgumentException>(() => builder.AddGraph<AskGraph>(" "));
    }

    [Fact]
    public async Task AddOrleansRuns_Silo_HasTheClientToo()
    {
        await using var cluster = await RunCluster.StartAsync();
        var client = cluster.Services.GetRequiredService<IRunsClient>();

        var run = await client.Thread().StartAsync(SampleGraphs.Failing, new { });

        Assert.Equal(RunStatus.Error, (await run.WaitAsync().WithinAsync("the run to end")).Status);
    }

    private static TOptions Options<TOptions>(RunCluster cluster)
        where TOptions : class =>
        cluster.Services.GetRequiredService<IOptions<TOptions>>().Value;

    private sealed class EndlessGraph : IGraph<SampleState>
    {
        public void Build(GraphBuilder<SampleState> graph) => graph.AddNode("lost", (state, _) => state);
    }

    private sealed class ThrowingGraph : IGraph<SampleState>
    {
        public void Build(GraphBuilder<SampleState> graph) => throw new InvalidOperationException("It cannot be drawn.");
    }

    private sealed class InjectedGraph(ILocalSiloDetails silo) : IGraph<SampleState>
    {
        public void Build(GraphBuilder<SampleState> graph)
        {
            var node = graph.AddNode("look", (state, context) =>
            {
                Assert.NotNull(context.GrainFactory);
                Assert.NotNull(context.Logger);
                return state with { Done = state.Done.Append(silo.SiloAddress is null ? "" : "injected") };
            });
            graph.AddPath(Node.Start, node, Node.End);
        }
    }
}
