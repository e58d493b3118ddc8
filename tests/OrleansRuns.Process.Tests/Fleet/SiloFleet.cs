using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>Silo processes on one PostgreSQL database, and a client outside of them.</summary>
internal sealed class SiloFleet : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-fleet-");
    private readonly List<SiloProcess> _silos = [];
    private readonly IAsyncDisposable? _owned;
    private IHost? _client;

    private SiloFleet(string connectionString, IAsyncDisposable? owned)
    {
        ConnectionString = connectionString;
        _owned = owned;
    }

    /// <summary>Gets the database.</summary>
    internal string ConnectionString { get; }

    /// <summary>Gets the silos that were started, and neither stopped nor killed.</summary>
    internal IReadOnlyList<SiloProcess> Silos => _silos;

    /// <summary>Gets the way into the cluster from outside.</summary>
    internal IRunsClient Runs =>
        (_client ?? throw new InvalidOperationException("The client is not connected.")).Services.GetRequiredService<IRunsClient>();

    /// <summary>Starts silos on a database of their own, and a client.</summary>
    internal static async Task<SiloFleet> StartAsync(int silos)
    {
        var database = await PostgresTestDatabase.CreateAsync();
        return await StartAsync(silos, database.ConnectionString, database);
    }

    /// <summary>Starts silos on a database, and a client.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="connectionString">The database.</param>
    /// <param name="owned">What to dispose with the fleet.</param>
    internal static Task<SiloFleet> StartAsync(int silos, string connectionString, IAsyncDisposable? owned = null) =>
        StartAsync(Enumerable.Repeat(SiloPlace.Serving(connectionString), silos), connectionString, owned);

    /// <summary>Starts silos at places, and a client.</summary>
    /// <param name="places">Where, one place for each silo.</param>
    /// <param name="connectionString">The database, as the client reaches it.</param>
    /// <param name="owned">What to dispose with the fleet.</param>
    internal static async Task<SiloFleet> StartAsync(
        IEnumerable<SiloPlace> places, string connectionString, IAsyncDisposable? owned = null)
    {
        var fleet = new SiloFleet(connectionString, owned);
        try
        {
            await fleet.AddAsync(places);
            fleet._client = await PostgresCluster.ConnectAsync(connectionString, "orleansruns");
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts more silos, all at once.</summary>
    internal Task AddAsync(int silos) => AddAsync(Enumerable.Repeat(SiloPlace.Serving(ConnectionString), silos));

    /// <summary>Starts more silos at places, all at once.</summary>
    internal async Task AddAsync(params IEnumerable<SiloPlace> places) =>
        _silos.AddRange(await Task.WhenAll(places.Select(place => SiloProcess.StartAsync(place, _folder.FullName))));

    /// <summary>Kills a silo as kill -9 does.</summary>
    internal async Task KillAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await silo.KillAsync();
        await silo.DisposeAsync();
    }

    /// <summary>Stops a silo as a supervisor does.</summary>
    internal async Task<ProgramEnd> StopAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        var end = await silo.StopAsync();
        await silo.DisposeAsync();
        return end;
    }

    /// <summary>Waits until a silo has ended by itself.</summary>
    internal async Task<ProgramEnd> EndedAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        var end = await silo.EndAsync();
        await silo.DisposeAsync();
        return end;
    }

    /// <summary>Executes a command of the program on the fleet's database.</summary>
    internal Task<ProgramEnd> RunAsync(params IEnumerable<string> arguments) =>
        ChildProgram.RunAsync(SiloProcess.Assembly, _folder.FullName, [.. arguments, "--postgres", ConnectionString]);

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }

        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        if (_owned is not null)
        {
            await _owned.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
