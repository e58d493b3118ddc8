using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace OrleansRuns.Host;

/// <summary>One silo of the cluster on a PostgreSQL database, and clients of that cluster.</summary>
internal static class ClusterSilo
{
    private const string Name = "orleansruns";

    /// <summary>Adds a silo to its host.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="connectionString">The database, which is also where the silos find each other.</param>
    /// <param name="ports">Where it listens.</param>
    internal static void AddTo(IHostApplicationBuilder builder, string connectionString, SiloPorts ports)
    {
        // Several silos do the same orders: what was done has to be known to all of them.
        builder.Configuration["Orders:ConnectionString"] ??= connectionString;
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (Name, Name));
            silo.ConfigureEndpoints(ports.Address, ports.Silo, ports.Gateway);
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(ports);
            silo.UseOrleansRunsPostgres(options => options.ConnectionString = connectionString);
            silo.AddOrleansRuns(SampleGraphs.Add);
            silo.Services.AddSingleton<IFatalErrorHandler, FatalErrors>();
        });
    }

    /// <summary>Composes a client of the cluster.</summary>
    internal static IHost BuildClient(string connectionString, LogLevel level)
    {
        var builder = HostBuilders.Create(level);
        builder.Services.AddOptions<ClientOptions>().BindConfiguration(ClientOptions.Section);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ClientOptions>, ClientOptionsValidator>());
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (Name, Name))
            .UseOrleansRunsPostgres(connectionString)
            .AddOrleansRunsClient());
        return builder.Build();
    }
}
