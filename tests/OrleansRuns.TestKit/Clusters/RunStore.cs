using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>
/// A SQLite file that clusters write to, one after the other, or a PostgreSQL database for several silos. It outlives them, as a
/// database does.
/// </summary>
/// <param name="connectionString">The PostgreSQL database; a new SQLite file when left out.</param>
public sealed class RunStore(string? connectionString = null) : IDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly bool _isKept;

    /// <summary>Makes a store in a folder of its own, which goes with it.</summary>
    public RunStore() => _folder = Directory.CreateTempSubdirectory("orleansruns-");

    /// <summary>Opens or makes a store in a folder that outlives it.</summary>
    /// <param name="folder">The folder.</param>
    public RunStore(string folder) => (_folder, _isKept) = (Directory.CreateDirectory(folder), true);

    /// <summary>Gets what comes between a cluster and its catalog.</summary>
    public CatalogHooks Hooks { get; } = new();

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
        _ = connectionString is null
            ? silo.UseOrleansRunsSqlite(options => options.File = Path.Combine(_folder.FullName, "runs.db"))
            : silo.UseOrleansRunsPostgres(options => options.ConnectionString = connectionString);
        var catalog = silo.Services.Last(service => service.ServiceType == typeof(IRunCatalog));
        silo.Services.Remove(catalog);
        silo.Services.AddSingleton<IRunCatalog>(services => new HookedRunCatalog(
            (IRunCatalog)ActivatorUtilities.CreateInstance(services, catalog.ImplementationType!), Hooks));
    }
}
