using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>One cluster of silos that have different versions of one graph, as in the middle of a deployment.</summary>
public sealed class GraphVersionsTests : IAsyncLifetime
{
    private const int Runs = 10;
    private const int MostRuns = 60;
    private const string Graph = "release";

    private readonly List<IHost> _silos = [];
    private readonly Gates _gates = new();
    private PostgresTestDatabase? _database;

    public async Task InitializeAsync() => _database = await PostgresTestDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        _gates.OpenAll();
        foreach (var silo in Enumerable.Reverse(_silos))
        {
            await silo.StopAsync().WithinAsync("a silo to stop");
            silo.Dispose();
        }

        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task Run_PlannedNodeIsInOneVersionOnly_GoesOnWhereItIs()
    {
        await StartAsync(new ReleaseOneGraph());
        var leaving = await StartAsync(new ReleaseOneGraph());
        var runs = await BeginAsync(_silos[0], at: "old", until: leaving);
        await StartAsync(new ReleaseTwoGraph());
        var moving = await OfAsync(runs, leaving);

        await StopAsync(leaving);
        _gates.OpenAll();
        var ended = await Task.WhenAll(runs.Select(run => run.Run.WaitAsync())).WithinAsync("all runs to end");

        Assert.NotEmpty(moving);
        Assert.All(ended, run => Assert.True(run.Status == RunStatus.Success, run.Error));
        Assert.Equal(runs.Count, (await OfAsync(runs, _silos[0])).Count);
    }

    [Fact]
    public async Task Run_PlannedNodeIsInNoVersion_FailsUntouchedAndGoesOnWhenTheNodeIsBack()
    {
        var leaving = await StartAsync(new ReleaseOneGraph());
        var runs = await BeginAsync(leaving, at: "old");
        var thread = ThreadOf(leaving, runs[0]);
        var before = await thread.GetStateAsync();
        await StartAsync(new ReleaseTwoGraph());

        await StopAsync(leaving);
        var failed = await Client(_silos[0]).Run(runs[0].Run.Id).WaitAsync().WithinAsync("the run to fail");
        thread = ThreadOf(_silos[0], runs[0]);
        var after = await thread.GetStateAsync();
        _gates.OpenAll();
        await StartAsync(new ReleaseOneGraph());
        var next = await thread.StartAsync(new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = Graph });
        var state = await next.ResultAsync<SampleResult>().WithinAsync("the next run to end");

        Assert.Equal((RunStatus.Error, StopReason.NodeError), (failed.Status, failed.StopReason));
        Assert.Contains(
            $"Graph '{Graph}' no longer has the node 'old', which is planned next. Bring the node back",
            failed.Error,
            StringComparison.Ordinal);
        Assert.Equal((before.CheckpointId, "old"), (after.CheckpointId, Assert.Single(after.Next)));
        Assert.Equal(["gated", "old"], state.Done);
    }

    [Fact]
    public async Task Run_ExecutedByTheNewerVersion_DoesNotGoBackToTheOlder()
    {
        await StartAsync(new ReleaseOneGraph());
        await StartAsync(new ReleaseTwoGraph());
        var leaving = await StartAsync(new ReleaseTwoGraph());
        var runs = await BeginAsync(_silos[0], at: "gated", until: leaving);
        var moving = await OfAsync(runs, leaving);

        await StopAsync(leaving);
        _gates.OpenAll();
        var ended = await Task.WhenAll(moving.Select(run => Client(_silos[0]).Run(run.Run.Id).WaitAsync()))
            .WithinAsync("the moved runs to end");

        Assert.NotEmpty(moving);
        Assert.All(ended, run => Assert.True(run.Status == RunStatus.Success, run.Error));
        Assert.Equal(moving.Count, (await OfAsync(moving, _silos[1])).Count);
    }

    [Fact]
    public async Task Run_OlderVersionIsGone_GoesOnWithTheNewerOneAndKeepsItsState()
    {
        var leaving = await StartAsync(new ReleaseOneGraph());
        var runs = await BeginAsync(leaving, at: "gated");
        await StartAsync(new ReleaseTwoGraph());

        await StopAsync(leaving);
        _gates.OpenAll();
        foreach (var run in runs)
        {
            var state = await Client(_silos[0]).Run(run.Run.Id).ResultAsync<TwoResult>().WithinAsync("a run to end");
            Assert.Equal(["gated", "check", "new"], state.Done);
            Assert.Equal((7, "checked"), (state.Count, state.Note));
        }
    }

    [Fact]
    public async Task Run_InputFitsOneVersionOnly_IsExecutedByIt()
    {
        await StartAsync(new ReleaseOneGraph());
        await StartAsync(new ReleaseTwoGraph());
        _gates.OpenAll();
        var (admitted, refused) = (0, 0);
        while (admitted < Runs)
        {
            try
            {
                // Whichever silo has the thread looks at the input.
                var run = await Client(_silos[0]).Thread().StartAsync(Graph, new { note = "only the second release knows it" });
                Assert.Equal(RunStatus.Success, (await run.WaitAsync().WithinAsync("the run to end")).Status);
                admitted++;
            }
            catch (InvalidRunRequestException)
            {
                Assert.True(++refused < 10 * Runs, "No silo takes the input.");
            }
        }
    }

    private static IRunsClient Client(IHost silo) => silo.Services.GetRequiredService<IRunsClient>();

    private static RunThread ThreadOf(IHost silo, (string ThreadId, RunHandle Run) run) => Client(silo).Thread(run.ThreadId);

    /// <summary>Begins runs, more if none is executed by another silo, and waits until each stands at a node.</summary>
    private async Task<List<(string ThreadId, RunHandle Run)>> BeginAsync(IHost silo, string at, IHost? until = null)
    {
        var runs = new List<(string ThreadId, RunHandle Run)>();
        for (var number = 0; number < Runs || (until is not null && (await OfAsync(runs, until)).Count == 0); number++)
        {
            Assert.True(number < MostRuns, "No run is placed on the silo.");
            var thread = Client(silo).Thread();
            foreach (var node in new[] { "gated", "old", "new" }.TakeWhile(node => node != at))
            {
                _gates.Of($"{thread.Id} {node}").Open();
            }

            runs.Add((thread.Id, await thread.StartAsync(Graph, new { count = 7 })));
            await _gates.Of($"{thread.Id} {at}").ReachedAsync();
        }

        return runs;
    }

    private static async Task<List<(string ThreadId, RunHandle Run)>> OfAsync(
        IEnumerable<(string ThreadId, RunHandle Run)> runs, IHost silo)
    {
        var owner = silo.Services.GetRequiredService<SiloLease>().Owner.ToString();
        var catalog = silo.Services.GetRequiredService<IRunCatalog>();
        var owned = new List<(string ThreadId, RunHandle Run)>();
        foreach (var run in runs)
        {
            if ((await catalog.FindRunAsync(run.Run.Id, CancellationToken.None))!.Owner == owner)
            {
                owned.Add(run);
            }
        }

        return owned;
    }

    private async Task StopAsync(IHost silo)
    {
        _silos.Remove(silo);
        await silo.StopAsync().WithinAsync("a silo to stop");
        silo.Dispose();
    }

    private async Task<IHost> StartAsync<TState>(IGraph<TState> graph)
        where TState : GraphState, new()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_gates);
        builder.UseOrleans(silo =>
        {
            PostgresCluster.ConfigureSilo(silo, _database!.ConnectionString);
            silo.Configure<DrainOptions>(drain => drain.SuperstepGrace = TimeSpan.FromMilliseconds(200));
            silo.AddOrleansRuns(runs => runs.AddGraph(Graph, graph));
        });
        var host = builder.Build();
        _silos.Add(host);
        await host.StartAsync().WithinAsync("a silo to start");
        return host;
    }

    private sealed record TwoResult(IReadOnlyList<string> Done, int Count, string? Note);
}

/// <summary>gated, old.</summary>
internal sealed class ReleaseOneGraph : IGraph<SampleState>
{
    public void Build(GraphBuilder<SampleState> graph)
    {
        var gated = graph.AddNode("gated", PassAsync);
        var old = graph.AddNode("old", PassAsync);
        graph.AddPath(Node.Start, gated, old, Node.End);
    }

    private static async Task<SampleState> PassAsync(SampleState state, NodeContext node)
    {
        await ReleaseTwoGraph.PassAsync(node);
        return state with { Done = state.Done.Append(node.Node) };
    }
}

/// <summary>The state of the next release: a property more.</summary>
internal sealed record ReleaseTwoState : GraphState
{
    public AppendList<string> Done { get; init; }

    public int Count { get; init; }

    public string? Note { get; init; }
}

/// <summary>gated, check, new: a node was added, and another renamed.</summary>
internal sealed class ReleaseTwoGraph : IGraph<ReleaseTwoState>
{
    public void Build(GraphBuilder<ReleaseTwoState> graph)
    {
        var gated = graph.AddNode("gated", PassAsync);
        var check = graph.AddNode("check", (state, node) => state with { Done = state.Done.Append(node.Node), Note = "checked" });
        var renamed = graph.AddNode("new", PassAsync);
        graph.AddPath(Node.Start, gated, check, renamed, Node.End);
    }

    internal static Task PassAsync(NodeContext node) =>
        node.Services.GetRequiredService<Gates>().Of($"{node.ThreadId} {node.Node}").PassAsync(node.CancellationToken);

    private static async Task<ReleaseTwoState> PassAsync(ReleaseTwoState state, NodeContext node)
    {
        await PassAsync(node);
        return state with { Done = state.Done.Append(node.Node) };
    }
}
