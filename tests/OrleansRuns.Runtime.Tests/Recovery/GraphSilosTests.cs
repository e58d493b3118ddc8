using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>One cluster of silos that have different graphs.</summary>
public sealed class GraphSilosTests : IAsyncLifetime
{
    private const int Runs = 6;

    private readonly List<IHost> _silos = [];
    private readonly Gates _gates = new();
    private PostgresTestDatabase? _database;
    private IPEndPoint? _first;

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
    public async Task Silos_EachWithAGraphOfItsOwn_ServeEveryGraphFromEverySilo()
    {
        string[] graphs = ["one", "two", "three"];
        foreach (var graph in graphs)
        {
            await StartAsync(graph);
        }

        _gates.OpenAll();
        var all = from silo in _silos from graph in graphs from run in Enumerable.Range(0, Runs) select (silo, graph);
        var ended = await Task.WhenAll(all.Select(async asked =>
        {
            var thread = ClientOf(asked.silo).Thread();
            var run = await (await thread.StartAsync(asked.graph, new { })).WaitAsync();
            var edited = await thread.UpdateStateAsync(new UpdateStateRequest { Values = """{"name":"Ada"}""", AsNode = "gated" });
            return (asked.graph, run, edited, History: await thread.GetHistoryAsync());
        })).WithinAsync("all runs to end", TimeSpan.FromMinutes(1));

        Assert.Equal(9 * Runs, ended.Length);
        Assert.All(ended, one => Assert.Equal((RunStatus.Success, 1), (one.run.Status, one.run.Attempt)));
        Assert.All(ended, one => Assert.Contains("Ada", one.edited.Values, StringComparison.Ordinal));
        Assert.All(ended, one => Assert.Equal(one.edited.CheckpointId, one.History[0].CheckpointId));
        var catalog = _silos[0].Services.GetRequiredService<IRunCatalog>();
        foreach (var (graph, run, _, _) in ended)
        {
            var silo = _silos[Array.IndexOf(graphs, graph)].Services.GetRequiredService<SiloLease>().Owner;
            Assert.Equal(silo.ToString(), (await catalog.FindRunAsync(run.RunId, CancellationToken.None))!.Owner);
        }
    }

    [Fact]
    public async Task StartAsync_GraphOfNoSilo_NamesThoseOfAllSilos()
    {
        await StartAsync("one");
        await StartAsync("two");

        foreach (var silo in _silos)
        {
            var error = await Assert.ThrowsAsync<GraphNotFoundException>(() => ClientOf(silo).Thread().StartAsync("zero", new { }));
            Assert.Contains("There is no graph 'zero'. The graphs there are: one, two.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_OnlySiloWithItsGraphIsGone_WaitsUntouchedForTheNextOne()
    {
        await StartAsync("one");
        var gone = await StartAsync("two");
        var thread = ClientOf(_silos[0]).Thread();
        var run = await thread.StartAsync("two", new { });
        await _gates.Of(thread.Id).ReachedAsync();
        _silos.Remove(gone);
        await gone.StopAsync().WithinAsync("the silo to stop");
        gone.Dispose();

        await _silos[0].Services.GetRequiredService<RunRecovery>().RecoverAsync(isShared: false, CancellationToken.None);
        var waiting = await run.GetAsync();
        _gates.OpenAll();
        var next = await StartAsync("two");
        var ended = await run.WaitAsync().WithinAsync("the run to end on the next silo");

        Assert.Equal((RunStatus.Interrupted, true, 1), (waiting.Status, waiting.Resumable, waiting.Attempt));
        Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
        var owner = (await next.Services.GetRequiredService<IRunCatalog>().FindRunAsync(run.Id, CancellationToken.None))!.Owner;
        Assert.Equal(next.Services.GetRequiredService<SiloLease>().Owner.ToString(), owner);
    }

    private static IRunsClient ClientOf(IHost silo) => silo.Services.GetRequiredService<IRunsClient>();

    private async Task<IHost> StartAsync(string graph)
    {
        var endpoint = new IPEndPoint(IPAddress.Loopback, Ports.Free());
        _first ??= endpoint;
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_gates);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(endpoint.Port, Ports.Free(), _first);
            silo.AddOrleansRunsPostgres(options => options.ConnectionString = _database!.ConnectionString);
            silo.Configure<DrainOptions>(drain => drain.SuperstepGrace = TimeSpan.FromMilliseconds(200));
            silo.AddOrleansRuns(runs => runs.AddGraph(graph, new GatedGraph(GateManners.Polite)));
        });
        var host = builder.Build();
        _silos.Add(host);
        await host.StartAsync().WithinAsync("a silo to start");
        return host;
    }
}
