using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>
/// A silo with one run that kills it and many that do not. Of its starts, the first admits the runs; in the first and the second the
/// poison kills when all others are in the middle of a superstep, which does not end; from the third on it kills at once, and the others
/// end theirs. It says how each run ended when all have.
/// </summary>
internal static class PoisonProgram
{
    internal const int Innocents = 20;
    private const int LastMassDeath = 2;

    private static readonly CountdownEvent Arriving = new(Innocents);
    private static string _folder = "";
    private static int _generation;
    private static int _inside;

    internal static string KillsIn(string folder) => Path.Combine(folder, "kills.log");

    internal static string OverlapsIn(string folder) => Path.Combine(folder, "overlaps.log");

    internal static async Task<int> RunAsync(string folder, int generation)
    {
        (_folder, _generation) = (folder, generation);
        using var host = Build();
        await host.StartAsync();
        var runs = host.Services.GetRequiredService<IRunsClient>();
        var ids = Path.Combine(folder, "runs.log");
        if (generation == 1)
        {
            var graphs = Enumerable.Repeat("patient", Innocents).Append("poison");
            var started = await Task.WhenAll(graphs.Select(graph => runs.Thread().StartAsync(graph, new { })));
            await File.WriteAllLinesAsync(ids, started.Select(run => run.Id));
            File.WriteAllText(Path.Combine(folder, "started"), "");
        }

        foreach (var id in await File.ReadAllLinesAsync(ids))
        {
            var ended = await runs.Run(id).WaitAsync();
            Console.WriteLine($"{ended.Graph} {WireName.Of(ended.Status)} {ended.StopReason} {ended.Attempt} {ended.Error}");
        }

        await host.StopAsync();
        return 0;
    }

    private static IHost Build()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            var endpoint = new IPEndPoint(IPAddress.Loopback, Ports.Free());
            silo.UseDevelopmentClustering(endpoint);
            silo.ConfigureEndpoints(endpoint.Address, endpoint.Port, gatewayPort: 0);
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("poison", "orleansruns"));
            silo.UseOrleansRunsSqlite(sqlite => sqlite.File = Path.Combine(_folder, "runs.db"));
            silo.AddOrleansRuns(graphs =>
            {
                graphs.AddGraph("patient", new OneNode(BeAsync));
                graphs.AddGraph("poison", new OneNode(KillAsync));
            });
        });
        return builder.Build();
    }

    private static async Task BeAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _inside) > 1 && _generation > LastMassDeath)
        {
            await File.AppendAllTextAsync(OverlapsIn(_folder), "two at once\n", cancellationToken);
        }

        if (!Arriving.IsSet)
        {
            Arriving.Signal();
        }

        await (_generation <= LastMassDeath ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.Yield().AsTask());
        Interlocked.Decrement(ref _inside);
    }

    private static async Task KillAsync(CancellationToken cancellationToken)
    {
        if (_generation <= LastMassDeath)
        {
            await Task.Run(() => Arriving.Wait(cancellationToken), cancellationToken);
            while (_generation == 1 && !File.Exists(Path.Combine(_folder, "started")))
            {
                await Task.Yield();
            }
        }

        await File.AppendAllTextAsync(KillsIn(_folder), "killed\n", cancellationToken);
        Process.GetCurrentProcess().Kill();
    }

    private static async Task AsTask(this System.Runtime.CompilerServices.YieldAwaitable yielding) => await yielding;

    private sealed class OneNode(Func<CancellationToken, Task> work) : IGraph<SampleState>
    {
        public void Build(GraphBuilder<SampleState> graph)
        {
            var node = graph.AddNode("work", async (state, context) =>
            {
                await work(context.CancellationToken);
                return state with { Done = state.Done.Append("work") };
            });
            graph.AddPath(Node.Start, node, Node.End);
        }
    }
}
