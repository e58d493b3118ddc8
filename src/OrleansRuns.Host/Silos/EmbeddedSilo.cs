using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>One silo in this process that keeps its runs in a SQLite file.</summary>
internal static class EmbeddedSilo
{
    /// <summary>Composes a host of nothing but the silo.</summary>
    /// <param name="database">The file that keeps the runs.</param>
    /// <param name="level">What of our own logs to show.</param>
    internal static IHost Build(FileInfo database, LogLevel level)
    {
        var builder = HostBuilders.Create(level);
        AddTo(builder, database);
        return builder.Build();
    }

    /// <summary>Adds the silo to its host. Other processes cannot reach the silo: it listens on free loopback ports only.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="database">The file that keeps the runs.</param>
    internal static void AddTo(IHostApplicationBuilder builder, FileInfo database) =>
        builder.UseOrleans(silo =>
        {
            var endpoint = new IPEndPoint(IPAddress.Loopback, HostBuilders.FreePort());
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

    /// <summary>Composes what looks at a database that other processes may be writing to.</summary>
    /// <param name="database">The database.</param>
    /// <param name="canRepair">Whether its rows may be changed; no other process may use a file then.</param>
    internal static ServiceProvider BuildReader(RunsDatabase database, bool canRepair = false)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        // The silos' settings are this program's, too: how long an edit may hold a thread, what a database may be like.
        var configuration = HostBuilders.ReadConfiguration();
        // Given by a factory, so that it is disposed with the services.
        services.AddSingleton<IConfiguration>(_ => configuration);
        services.AddOrleansRunsReader(SampleGraphs.Add);
        database.AddReader(services, canRepair);
        return services.BuildServiceProvider();
    }
}
