using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>
/// A SQLite file that clusters write to, one after the other, or a PostgreSQL database for several silos. It outlives them, as a
/// database does.
/// </summary>
public sealed class RunStore : IDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly bool _isKept;
    private readonly string? _connectionString;

    /// <summary>Makes a store in a folder of its own, which goes with it.</summary>
    public RunStore()
        : this(Directory.CreateTempSubdirectory("orleansruns-"), isKept: false)
    {
    }

    private RunStore(DirectoryInfo folder, bool isKept, string? connectionString = null) =>
        (_folder, _isKept, _connectionString) = (folder, isKept, connectionString);

    /// <summary>Opens or makes a store in a folder that outlives it.</summary>
    /// <param name="folder">The folder.</param>
    public static RunStore In(string folder) => new(Directory.CreateDirectory(folder), isKept: true);

    /// <summary>Opens a store in a PostgreSQL database.</summary>
    /// <param name="connectionString">The database.</param>
    public static RunStore OnPostgres(string connectionString) =>
        new(Directory.CreateTempSubdirectory("orleansruns-"), isKept: false, connectionString);

    private string File => Path.Combine(_folder.FullName, "runs.db");

    /// <summary>Gets what comes between a cluster and its catalog.</summary>
    public StoreHooks Hooks { get; } = new();

    /// <summary>Gets what comes between a cluster and its thread logs.</summary>
    public StoreHooks LogHooks { get; } = new();

    /// <summary>Gets what comes between a cluster and its drain reports.</summary>
    public StoreHooks ReportHooks { get; } = new();

    /// <summary>Gets what comes between a cluster and its leases.</summary>
    public StoreHooks LeaseHooks { get; } = new();

    /// <summary>Opens the store to look at, also while no silo has it.</summary>
    /// <returns>The services of a reader: the catalog, the log, the drain reports.</returns>
    public async Task<ServiceProvider> OpenReaderAsync()
    {
        var services = new ServiceCollection().AddLogging();
        _ = _connectionString is null
            ? services.AddOrleansRunsSqliteReader(File)
            : services.AddOrleansRunsPostgresReader(_connectionString);
        var reader = services.BuildServiceProvider();
        await reader.GetRequiredService<RunsReader>().OpenAsync();
        return reader;
    }

    /// <summary>Deletes the file.</summary>
    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        if (!_isKept)
        {
            _folder.Delete(recursive: true);
        }
    }

    internal void Attach(ISiloBuilder silo)
    {
        _ = _connectionString is null
            ? silo.UseOrleansRunsSqlite(options => options.File = File)
            : silo.AddOrleansRunsPostgres(options => options.ConnectionString = _connectionString);
        Decorate<IRunCatalog>(silo.Services, (_, catalog) => new HookedRunCatalog(catalog, Hooks));
        Decorate<IThreadLogStore>(silo.Services, (_, log) => new HookedThreadLogStore(log, LogHooks));
        Decorate<IOwnerLeases>(silo.Services, (_, leases) => new HookedOwnerLeases(leases, LeaseHooks));
        Decorate<IDrainReports>(silo.Services, (_, reports) => new HookedDrainReports(reports, ReportHooks));
    }

    /// <summary>Puts a decorator around what was registered last as a service.</summary>
    internal static void Decorate<T>(IServiceCollection services, Func<IServiceProvider, T, T> decorate)
        where T : class
    {
        var inner = services.Last(service => service.ServiceType == typeof(T));
        services.Remove(inner);
        services.AddSingleton(provider => decorate(provider, (T)(inner.ImplementationFactory is { } factory
            ? factory(provider)
            : ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!))));
    }
}
