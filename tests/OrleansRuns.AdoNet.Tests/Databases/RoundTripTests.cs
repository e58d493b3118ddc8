using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What is asked of the database, counted on the wire, and what happens when the wire breaks.</summary>
public sealed class RoundTripTests(PostgresBench bench) : IClassFixture<PostgresBench>, IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _log = Guid.CreateVersion7().ToString();
    private PostgresProxy? _proxy;
    private StoreHost? _host;

    private PostgresProxy Proxy => _proxy!;

    private StoreHost Host => _host!;

    public async Task InitializeAsync()
    {
        _proxy = new PostgresProxy(bench.ConnectionString);
        _host = await StoreHost.StartAsync(silo =>
            silo.AddOrleansRunsPostgres(options => options.ConnectionString = _proxy.ConnectionString));
        foreach (var position in Enumerable.Range(0, 4))
        {
            await AppendAsync(position);
            await Host.Log.ReadLineAsync(_log, null, None);
        }
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        await Proxy.DisposeAsync();
    }

    [Fact]
    public async Task AppendAsync_OneEntry_IsOneRoundTrip()
    {
        Assert.Equal(1, await CountAsync(() => AppendAsync(4)));
        Assert.Equal(1, await CountAsync(() => AppendAsync(5)));
    }

    [Fact]
    public async Task ReadLineAsync_AnyPosition_IsOneRoundTrip()
    {
        foreach (var position in Enumerable.Range(4, 100))
        {
            await AppendAsync(position);
        }

        Assert.Equal(1, await CountAsync(() => Host.Log.ReadLineAsync(_log, null, None)));
        Assert.Equal(1, await CountAsync(() => Host.Log.ReadLineAsync(_log, 60, None)));
        Assert.Equal(104, (await Host.Log.ReadLineAsync(_log, null, None)).Length);
    }

    [Fact]
    public async Task AppendAsync_AnswerLostOnTheWire_IsRecognisedAsItsOwn()
    {
        Proxy.FailNext(PostgresFault.LoseAnswer);

        Assert.Equal(2, await CountAsync(() => AppendAsync(4)));

        Assert.Equal(5, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_RequestLostOnTheWire_IsUnavailableAndMayBeRepeated()
    {
        Proxy.FailNext(PostgresFault.LoseRequest);

        await Assert.ThrowsAsync<LogUnavailableException>(() => AppendAsync(4));
        Assert.Equal(4, await bench.CountEntriesAsync(_log));
        await AppendAsync(4);

        Assert.Equal(5, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_ServerGone_IsUnavailableAndNamesIt()
    {
        await Proxy.DisposeAsync();

        var exception = await Assert.ThrowsAsync<LogUnavailableException>(() => AppendAsync(4));

        Assert.StartsWith(
            $"Appending at position 4 of log '{_log}' got no answer from PostgreSQL database ",
            exception.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("Password", exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task AdmitAsync_AnswerOfTheCommitLost_IsFoundWhenRepeated()
    {
        var run = new NewRun(Guid.CreateVersion7().ToString(), _log, "digest", "f1", "{}");
        Proxy.FailNext(PostgresFault.LoseAnswer, "COMMIT");

        await Assert.ThrowsAnyAsync<DbException>(() => Host.Catalog.AdmitAsync(run, None));
        var outcome = await Host.Catalog.AdmitAsync(run, None);

        Assert.Equal((AdmitKind.Exists, run.RunId, RunStatus.Pending), (outcome.Kind, outcome.Thread.Holder, outcome.Run!.Status));
    }

    [Fact]
    public async Task AdmitAsync_CommitLost_LeavesNothing()
    {
        var run = new NewRun(Guid.CreateVersion7().ToString(), _log, "digest", "f1", "{}");
        Proxy.FailNext(PostgresFault.LoseRequest, "COMMIT");

        await Assert.ThrowsAnyAsync<DbException>(() => Host.Catalog.AdmitAsync(run, None));

        Assert.Null(await Host.Catalog.FindRunAsync(run.RunId, None));
        Assert.Null(await Host.Catalog.FindThreadAsync(_log, None));
    }

    [Fact]
    public async Task Catalog_LifeOfARun_TakesFewRoundTrips()
    {
        await LiveAsync();

        var (admit, begin, cancel, end) = await LiveAsync();

        Assert.Equal((2, 1, 1, 2), (admit, begin, cancel, end));

        async Task<(int Admit, int Begin, int Cancel, int End)> LiveAsync()
        {
            var run = new NewRun(Guid.CreateVersion7().ToString(), _log, "digest", "f1", "{}");
            var end = new RunEnd { RunId = run.RunId, Attempt = 1, Status = RunStatus.Interrupted, StopReason = StopReason.Cancelled };
            return (
                await CountAsync(() => Host.Catalog.AdmitAsync(run, None)),
                await CountAsync(() => Host.Catalog.BeginAsync(run.RunId, 1, "silo-1", None)),
                await CountAsync(() => Host.Catalog.RequestCancelAsync(run.RunId, CancelAction.Interrupt, None)),
                await CountAsync(() => Host.Catalog.EndAsync(end, None)));
        }
    }

    [Fact]
    public async Task ReadLineAsync_OnSqlite_IsOneStatement()
    {
        var sqlite = new SqliteBench();
        await sqlite.InitializeAsync();
        foreach (var position in Enumerable.Range(0, 20))
        {
            await sqlite.Log.AppendAsync(_log, position, Entry($"run-1/1/{position}", isBase: position == 0), None);
        }

        await using var counting = new CountingDatabase(sqlite.Database);
        var store = new AdoThreadLogStore(counting, storage: null, sqlite.Host.Get<LogEntryFormat>());

        var line = await store.ReadLineAsync(_log, 15, None);

        Assert.Equal((16, 1), (line.Length, counting.Statements));
        await sqlite.DisposeAsync();
    }

    private async Task AppendAsync(long position)
    {
        var outcome = await Host.Log.AppendAsync(_log, position, Entry($"run-1/1/{position}", isBase: position == 0), None);
        Assert.True(outcome.IsAppended, $"Position {position}.");
    }

    private async Task<int> CountAsync(Func<Task> work)
    {
        var before = Proxy.RoundTrips;
        await work();
        return Proxy.RoundTrips - before;
    }
}
