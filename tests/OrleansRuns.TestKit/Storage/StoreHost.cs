using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Orleans.Serialization;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>The storage of a silo, wired and started as a silo does it, without the silo: several can stand on one database.</summary>
public sealed class StoreHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly SiloLifecycleSubject _lifecycle = new(NullLogger<SiloLifecycleSubject>.Instance);

    private StoreHost(ServiceProvider services) => _services = services;

    /// <summary>Gets the thread log.</summary>
    public IThreadLogStore Log => Get<IThreadLogStore>();

    /// <summary>Gets the run catalog.</summary>
    public IRunCatalog Catalog => Get<IRunCatalog>();

    /// <summary>Gets the clock of the catalog's rows.</summary>
    public FakeTimeProvider Time => Get<FakeTimeProvider>();

    /// <summary>Starts the storage: opens the database, brings its schema up to date, makes Orleans read its queries.</summary>
    /// <param name="configure">Chooses the database and what else differs.</param>
    public static async Task<StoreHost> StartAsync(Action<ISiloBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = new Builder();
        builder.Services.AddLogging().AddSerializer();
        builder.Services.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "orleansruns");
        builder.Services.AddSingleton(new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)));
        builder.Services.AddSingleton<TimeProvider>(services => services.GetRequiredService<FakeTimeProvider>());
        configure(builder);
        var host = new StoreHost(builder.Services.BuildServiceProvider());
        try
        {
            foreach (var participant in host._services.GetServices<ILifecycleParticipant<ISiloLifecycle>>())
            {
                participant.Participate(host._lifecycle);
            }

            await host._lifecycle.OnStart(CancellationToken.None);
            return host;
        }
        catch
        {
            await host._services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gets a service.</summary>
    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Stops the storage as a silo does.</summary>
    public async ValueTask DisposeAsync()
    {
        await _lifecycle.OnStop(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private sealed class Builder : ISiloBuilder
    {
        public IServiceCollection Services { get; } = new ServiceCollection();

        public IConfiguration Configuration { get; } = new ConfigurationBuilder().Build();
    }
}
