using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>A SQLite file that clusters write to, one after the other. It outlives them, as a database does.</summary>
public sealed class RunStore : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-");

    /// <summary>Gets what comes between a cluster and its catalog.</summary>
    public CatalogHooks Hooks { get; } = new();

    /// <summary>Deletes the file.</summary>
    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    internal void Attach(ISiloBuilder silo)
    {
        silo.UseOrleansRunsSqlite(options => options.File = Path.Combine(_folder.FullName, "runs.db"));
        var catalog = silo.Services.Last(service => service.ServiceType == typeof(IRunCatalog));
        silo.Services.Remove(catalog);
        silo.Services.AddSingleton<IRunCatalog>(services => new HookedRunCatalog(
            (IRunCatalog)ActivatorUtilities.CreateInstance(services, catalog.ImplementationType!), Hooks));
    }
}
