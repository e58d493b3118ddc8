using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>
/// Silos on one PostgreSQL database, each a host of its own with its own ports, wired as a user wires them: membership, directory and
/// failure detection are the real ones.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private readonly List<IHost> _silos = [];
    private readonly string _connectionString;
    private readonly Action<ISiloBuilder> _configure;
    private IHost? _client;

    /// <summary>Makes a cluster without silos.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="configure">What is configured of every silo beside the sample graphs.</param>
    public PostgresCluster(string connectionString, Action<ISiloBuilder>? configure = null)
    {
        _connectionString = connectionString;
        _configure = configure ?? (_ => { });
    }

    /// <summary>Gets the gates of the sample graphs.</summary>
    public Gates Gates { get; } = new();

    /// <summary>Gets what comes between the silos and their catalog, and before their searches for runs to go on with.</summary>
    public StoreHooks Hooks { get; } = new();

    /// <summary>Gets the silos that were started and not stopped.</summary>
    public IReadOnlyList<IHost> Silos => _silos;

    /// <summary>Gets the catalog of a silo.</summary>
    public IRunCatalog Catalog => _silos[0].Services.GetRequiredService<IRunCatalog>();

    /// <summary>Gets the way into the cluster from a client outside of it; see <see cref="ConnectAsync()"/>.</summary>
    public IRunsClient Runs => Client.Services.GetRequiredService<IRunsClient>();

    /// <summary>Gets the cluster's grains, as the client outside of it sees them.</summary>
    public IClusterClient Grains => Client.Services.GetRequiredService<IClusterClient>();

    private IHost Client => _client ?? throw new InvalidOperationException("The client is not connected.");

    /// <summary>Makes a silo on free ports of the loopback.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="connectionString">The database.</param>
    public static void ConfigureSilo(ISiloBuilder builder, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("test", "orleansruns"));
        builder.ConfigureEndpoints(IPAddress.Loopback, Ports.Free(), Ports.Free());
        builder.UseOrleansRunsPostgres(options => options.ConnectionString = connectionString);
    }

    /// <summary>Connects a client to the cluster on a database.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="cluster">The cluster's id.</param>
    public static async Task<IHost> ConnectAsync(string connectionString, string cluster = "test")
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster, "orleansruns"))
            .Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1))
            .UseOrleansRunsPostgres(connectionString)
            .AddOrleansRunsClient());
        var host = builder.Build();
        await host.StartAsync().WithinAsync("the client to connect");
        return host;
    }

    /// <summary>Starts silos, all at once.</summary>
    /// <param name="count">How many.</param>
    public async Task StartSilosAsync(int count)
    {
        var hosts = Enumerable.Range(0, count).Select(_ => Build()).ToList();
        _silos.AddRange(hosts);
        await Task.WhenAll(hosts.Select(host => host.StartAsync())).WithinAsync($"{count} silos to start", TimeSpan.FromMinutes(1));
    }

    /// <summary>Connects a client outside of the cluster.</summary>
    public async Task ConnectAsync() => _client = await ConnectAsync(_connectionString);

    /// <summary>Stops a silo as a deployment does.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="bound">How long to wait for it at most; the default is a minute.</param>
    public async Task StopAsync(IHost silo, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        _silos.Remove(silo);
        await silo.StopAsync().WithinAsync("a silo to stop", bound ?? TimeSpan.FromMinutes(1));
        silo.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Gates.OpenAll();
        await Cleanup.RunAsync([StopClientAsync, .. _silos.ToList().Select(silo => (Func<Task>)(() => StopAsync(silo)))]);
    }

    private async Task StopClientAsync()
    {
        using var client = _client;
        if (client is not null)
        {
            await client.StopAsync().WithinAsync("the client to stop");
        }
    }

    private IHost Build()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            ConfigureSilo(silo, _connectionString);
            RunStore.Decorate<IRunCatalog>(silo.Services, (_, catalog) => new HookedRunCatalog(catalog, Hooks));
            RunStore.Decorate<IOwnerLeases>(silo.Services, (_, leases) => new HookedOwnerLeases(leases, Hooks));
            SampleGraphs.AddTo(silo, Gates);
            _configure(silo);
        });
        return builder.Build();
    }
}
