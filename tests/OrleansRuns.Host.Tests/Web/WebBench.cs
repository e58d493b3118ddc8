using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using Samples = OrleansRuns.TestKit.SampleGraphs;

namespace OrleansRuns.Host.Tests;

/// <summary>The program's web server and a silo with the sample graphs of the tests, in this process.</summary>
internal sealed class WebBench : IAsyncDisposable
{
    private readonly RunStore _store = new();
    private readonly WebPort _port = WebPort.Take(new IPEndPoint(IPAddress.Loopback, 0));

    private WebBench(Action<WebOptions> configure, Action<IHostApplicationBuilder> add)
    {
        Program = WebProgram.Build(_port, LogLevel.Critical, builder =>
        {
            builder.UseOrleans(silo =>
            {
                var endpoint = new IPEndPoint(IPAddress.Loopback, Ports.Free());
                silo.UseDevelopmentClustering(endpoint);
                silo.ConfigureEndpoints(endpoint.Address, endpoint.Port, gatewayPort: 0);
                RunCluster.ConfigureSilo(silo, new RunClusterOptions { Configure = Hurry }, _store, Gates);
            });
            builder.Services.Configure(configure);
            add(builder);
        });
        Client = new HttpClient { BaseAddress = new Uri($"http://{_port.EndPoint}"), Timeout = Timeout.InfiniteTimeSpan };
    }

    internal WebApplication Program { get; }

    internal HttpClient Client { get; }

    internal IPEndPoint EndPoint => _port.EndPoint;

    internal Gates Gates { get; } = new();

    /// <summary>Gets what comes between the silo and its catalog.</summary>
    internal StoreHooks Hooks => _store.Hooks;

    internal IRunsClient Runs => Program.Services.GetRequiredService<IRunsClient>();

    internal static WebBench Create(Action<WebOptions>? configure = null, Action<IHostApplicationBuilder>? add = null) =>
        new(configure ?? (_ => { }), add ?? (_ => { }));

    internal static async Task<WebBench> StartAsync(
        Action<WebOptions>? configure = null, Action<IHostApplicationBuilder>? add = null)
    {
        var bench = Create(configure, add);
        await bench.Program.StartAsync().WithinAsync("the program to start");
        return bench;
    }

    /// <summary>Starts a run and waits until it stands at its gate.</summary>
    internal async Task<(RunHandle Run, string Path, Gate Gate)> StartGatedRunAsync(string graph = Samples.Gated)
    {
        var thread = Runs.Thread();
        var run = await thread.StartAsync(graph, new { });
        var gate = Gates.Of(thread.Id);
        await gate.ReachedAsync();
        return (run, PathOf(thread.Id, run.Id), gate);
    }

    internal static string PathOf(string thread, string run) => $"/threads/{thread}/runs/{run}/stream";

    public async ValueTask DisposeAsync()
    {
        Gates.OpenAll();
        Client.Dispose();
        await Program.StopAsync().WithinAsync("the program to stop");
        await Program.DisposeAsync();
        _port.Dispose();
        _store.Dispose();
    }

    private static void Hurry(IOrleansRunsBuilder runs) =>
        runs.Configure<DrainOptions>(drain => drain.SuperstepGrace = TimeSpan.FromMilliseconds(200));
}
