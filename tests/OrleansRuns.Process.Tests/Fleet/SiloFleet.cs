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

    /// <summary>Starts more silos at places, all at once. Those that start belong to the fleet, also when another does not.</summary>
    internal async Task AddAsync(params IEnumerable<SiloPlace> places)
    {
        var starts = places.Select(place => SiloProcess.StartAsync(place, _folder.FullName)).ToList();
        try
        {
            await Task.WhenAll(starts);
        }
        finally
        {
            _silos.AddRange(starts.Where(start => start.IsCompletedSuccessfully).Select(start => start.Result));
        }
    }

    /// <summary>Kills a silo as kill -9 does.</summary>
    internal async Task KillAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await using (silo)
        {
            await silo.KillAsync();
        }
    }

    /// <summary>Stops a silo as a supervisor does.</summary>
    internal async Task<ProgramEnd> StopAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await using (silo)
        {
            return await silo.StopAsync();
        }
    }

    /// <summary>Waits until a silo has ended by itself.</summary>
    internal async Task<ProgramEnd> EndedAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await using (silo)
        {
            return await silo.EndAsync();
        }
    }

    /// <summary>Executes a command of the program on the fleet's database.</summary>
    internal Task<ProgramEnd> RunAsync(params IEnumerable<string> arguments) =>
        ChildProgram.RunAsync(SiloProcess.Assembly, _folder.FullName, [.. arguments, "--postgres", ConnectionString]);

    public async ValueTask DisposeAsync()
    {
        IEnumerable<IAsyncDisposable> others = _owned is null ? _silos : [.. _silos, _owned];
        await Cleanup.RunAsync(
            [StopClientAsync, .. others.Select(other => (Func<Task>)(() => other.DisposeAsync().AsTask())), DeleteFolderAsync]);
    }

    private Task DeleteFolderAsync()
    {
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    private async Task StopClientAsync()
    {
        using var client = _client;
        if (client is not null)
        {
            await client.StopAsync().WithinAsync("the client of a fleet to stop");
        }
    }
}
