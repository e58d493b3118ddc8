using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>
/// Two releases of a program in one cluster. The first has the nodes wait and old, the second wait, check and new, and a property more.
/// </summary>
public sealed class UpgradeTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Graph = "release";
    private const int Runs = 12;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-upgrade-");
    private readonly List<SiloProcess> _silos = [];
    private PostgresTestDatabase? _database;
    private IHost? _client;

    private FileGates Gates => new(_folder.FullName);

    private IRunsClient Client => _client!.Services.GetRequiredService<IRunsClient>();

    public async Task InitializeAsync() => _database = await PostgresTestDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        await _database!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Releases_SideBySideAndKilled_EveryRunGoesOnWhereItsNodesAre()
    {
        SiloProcess[] ones = [await StartAsync("ReleaseOne"), await StartAsync("ReleaseOne")];
        _client = await PostgresCluster.ConnectAsync(_database!.ConnectionString);
        var old = await BeginAsync("old");
        await GrowSchemaAsync();
        SiloProcess[] twos = [await StartAsync("ReleaseTwo"), await StartAsync("ReleaseTwo")];

        // Only the other silo of the first release has the node.
        await KillBusierAsync(ones, old);
        Open(old, "old");
        Assert.All(await ResultsAsync(old), state => Assert.Equal(["wait of release 1", "old of release 1"], state.Done));

        // What has a plan of the second release does not go back to the first.
        var check = await BeginAsync("check", andAbandon: "old");
        await KillBusierAsync(twos, check);
        Open(check, "check", "new");
        Assert.All(
            await ResultsAsync(check),
            state => Assert.Equal(["wait of release 2", "check of release 2", "new of release 2"], state.Done));

        // The last silo of the first release dies: its runs go on with the second.
        var waiting = await BeginAsync("wait");
        await KillBusierAsync([.. ones.Intersect(_silos)], waiting);
        Open(waiting, "wait", "check", "new");
        Assert.All(await ResultsAsync(waiting), state =>
        {
            Assert.Equal(["wait of release 2", "check of release 2", "new of release 2"], state.Done);
            Assert.Equal((7, "checked"), (state.Count, state.Note));
        });
        Assert.Contains(Assert.Single(_silos), twos);
    }

    [Fact]
    public async Task Release_NodeOfARunIsGone_FailsWithItsNameAndGoesOnWithTheFormerRelease()
    {
        var one = await StartAsync("ReleaseOne");
        _client = await PostgresCluster.ConnectAsync(_database!.ConnectionString);
        var runs = await BeginAsync("old");
        await StartAsync("ReleaseTwo");
        await KillAsync(one);

        var failed = await Task.WhenAll(runs.Select(run => run.Run.WaitAsync())).WithinAsync("the runs to fail", Bound);
        Assert.All(failed, run => Assert.Equal((RunStatus.Error, StopReason.NodeError), (run.Status, run.StopReason)));
        Assert.All(failed, run => Assert.Contains($"'{Graph}' no longer has the node 'old'", run.Error, StringComparison.Ordinal));

        // The release is taken back, on the schema that the later one has left.
        await GrowSchemaAsync();
        await StartAsync("ReleaseOne");
        Open(runs, "old");
        var next = await Task.WhenAll(runs.Select(run => run.Thread.StartAsync(
            new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = Graph })));
        var states = await Task.WhenAll(next.Select(run => run.ResultAsync<State>())).WithinAsync("the next runs to end", Bound);

        Assert.All(states, state => Assert.Equal(["wait of release 1", "old of release 1"], state.Done));
    }

    /// <summary>Does to the schema what a later release may do while this one is still at work.</summary>
    private async Task GrowSchemaAsync()
    {
        await using var source = NpgsqlDataSource.Create(_database!.ConnectionString);
        await using var command = source.CreateCommand(
            "set search_path to orleansruns; alter table runs add column later text not null default 'x'; "
            + "alter table threads add column later text; create table later (id integer primary key); "
            + "insert into schema_versions (version, oldest_reader, applied_at) values (9000, 1, 'now')");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Begins runs until enough stand before a node; those of the release without it stand elsewhere for good.</summary>
    private async Task<List<Begun>> BeginAsync(string at, string? andAbandon = null)
    {
        var begun = new List<Begun>();
        for (var tries = 1; begun.Count < Runs; tries++)
        {
            Assert.True(tries <= 20 * Runs, $"No silo has the node '{at}'.");
            var thread = Client.Thread();
            if (at != "wait")
            {
                Gates.Open(thread.Id, "wait");
            }

            var run = await thread.StartAsync(Graph, new { count = 7 }).WithinAsync("a run to be started", Bound);
            string[] next = [];
            await Eventually.TrueAsync(
                async () => (next = [.. (await thread.GetStateAsync()).Next]) is [var node] && (node == at || node == andAbandon),
                $"run '{run.Id}' to stand before '{at}'");
            if (next is [var found] && found == at)
            {
                begun.Add(new Begun(thread, run));
            }
            else
            {
                Gates.Open(thread.Id, andAbandon!);
            }
        }

        return begun;
    }

    private void Open(List<Begun> runs, params string[] nodes)
    {
        foreach (var (run, node) in from run in runs from node in nodes select (run, node))
        {
            Gates.Open(run.Thread.Id, node);
        }
    }

    private static async Task<State[]> ResultsAsync(List<Begun> runs) =>
        await Task.WhenAll(runs.Select(run => run.Run.ResultAsync<State>())).WithinAsync($"{runs.Count} runs to end", Bound);

    /// <summary>Kills the silo that has more of the runs.</summary>
    private async Task KillBusierAsync(SiloProcess[] silos, List<Begun> runs)
    {
        var counts = await Task.WhenAll(silos.Select(silo => CountAsync(silo, runs)));
        output.WriteLine($"{counts.Max()} of {runs.Count} runs on the silo that dies.");
        Assert.NotEqual(0, counts.Max());
        await KillAsync(silos[Array.IndexOf(counts, counts.Max())]);
    }

    private async Task<long> CountAsync(SiloProcess silo, List<Begun> runs)
    {
        await using var source = NpgsqlDataSource.Create(_database!.ConnectionString);
        await using var command = source.CreateCommand(
            "select count(*) from orleansruns.runs where owner like $1 and run_id = any($2)");
        command.Parameters.Add(new NpgsqlParameter { Value = $"%/{silo.Address}" });
        command.Parameters.Add(new NpgsqlParameter { Value = runs.Select(run => run.Run.Id).ToArray() });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<SiloProcess> StartAsync(string release)
    {
        var place = new SiloPlace(SiloPlace.AssemblyOf(release), _database!.ConnectionString, _folder.FullName);
        var silo = await SiloProcess.StartAsync(place, _folder.FullName);
        _silos.Add(silo);
        return silo;
    }

    private async Task KillAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await silo.KillAsync();
        await silo.DisposeAsync();
    }

    private sealed record Begun(RunThread Thread, RunHandle Run);

    private sealed record State(IReadOnlyList<string> Done, int Count, string? Note);
}
