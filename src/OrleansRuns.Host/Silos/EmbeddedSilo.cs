using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>One silo in this process that keeps its runs in a SQLite file.</summary>
internal static class EmbeddedSilo
{
    /// <summary>Composes the silo's host. Other processes cannot reach the silo: it listens on free loopback ports only.</summary>
    /// <param name="database">The file that keeps the runs.</param>
    /// <param name="level">What of our own logs to show. Logs go to standard error, so that standard output stays readable.</param>
    internal static IHost Build(FileInfo database, LogLevel level)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter(null, LogLevel.Critical).AddFilter("OrleansRuns", level);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.UseOrleans(silo =>
        {
            var endpoint = new IPEndPoint(IPAddress.Loopback, FreePort());
            silo.UseDevelopmentClustering(endpoint);
            silo.ConfigureEndpoints(endpoint.Address, endpoint.Port, gatewayPort: 0);
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("embedded", "orleansruns"));
            silo.UseOrleansRunsSqlite(sqlite => sqlite.File = database.FullName);
            silo.AddOrleansRuns(runs =>
            {
                SampleGraphs.Add(runs);
                // The one reader sits in the same process and shows everything.
                runs.Configure<RunEventsOptions>(events => (events.KeptEvents, events.KeptBytes) = (200_000, 256 << 20));
            });
        });
        return builder.Build();
    }

    /// <summary>Composes what looks at a file that another process may be writing to.</summary>
    /// <param name="database">The file.</param>
    /// <param name="canRepair">Whether its rows may be changed; no other process may use it then.</param>
    internal static ServiceProvider BuildReader(FileInfo database, bool canRepair = false)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddOrleansRunsReader(SampleGraphs.Add);
        services.AddOrleansRunsSqliteReader(database.FullName, canRepair);
        return services.BuildServiceProvider();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
