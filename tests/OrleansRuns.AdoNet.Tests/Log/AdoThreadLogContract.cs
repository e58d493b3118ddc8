using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What a store on a database promises beyond <see cref="ThreadLogContract"/>.</summary>
public abstract class AdoThreadLogContract(AdoBench bench) : ThreadLogContract(bench)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _log = Guid.CreateVersion7().ToString();

    protected abstract string EntryAsText { get; }

    /// <summary>The bytes that the log's table and its indexes take.</summary>
    protected abstract string TableBytes { get; }

    private IGrainStorage Storage =>
        bench.Host.Get<IServiceProvider>().GetRequiredKeyedService<IGrainStorage>(AdoThreadLogStore.StorageName);

    protected abstract AdoBench NewBench();

    [Fact]
    public async Task AppendAsync_AnswerLost_IsRecognisedAsItsOwn()
    {
        var (store, storage) = Hooked();
        storage.After = () => throw new TimeoutException("The answer was lost.");

        var outcome = await store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), None);

        Assert.True(outcome.IsAppended);
        Assert.Equal(outcome.StoredBytes, (await store.ReadLineAsync(_log, null, None)).Single().StoredBytes);
        Assert.Equal(1, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_AnswerLostAndAnotherHasAppendedSince_IsRecognisedAsItsOwn()
    {
        var (store, storage) = Hooked();
        storage.After = async () =>
        {
            await AnotherWritesAsync(1);
            throw new TimeoutException("The answer was lost.");
        };

        var outcome = await store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), None);

        Assert.True(outcome.IsAppended);
    }

    [Fact]
    public async Task AppendAsync_RaceLostAndAnswerToo_IsFenced()
    {
        var (store, storage) = Hooked();
        storage.Before = async () =>
        {
            await AnotherWritesAsync(0);
            throw new TimeoutException("The answer was lost.");
        };

        var outcome = await store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), None);

        Assert.False(outcome.IsAppended);
        Assert.Equal(1, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_NothingWritten_IsUnavailableAndMayBeRepeated()
    {
        var (store, storage) = Hooked();
        storage.Before = () => throw new TimeoutException("The database is away.");
        var entry = Entry("run-1/1/0", isBase: true);

        var exception = await Assert.ThrowsAsync<LogUnavailableException>(() => store.AppendAsync(_log, 0, entry, None));
        storage.Before = () => Task.CompletedTask;
        var outcome = await store.AppendAsync(_log, 0, entry, None);

        Assert.Equal(
            $"Appending at position 0 of log '{_log}' got no answer from {bench.Database.DisplayName}: The database is away.",
            exception.Message);
        Assert.True(outcome.IsAppended);
    }

    [Fact]
    public async Task AppendAsync_ErrorOfTheProgram_IsNotTakenForTheDatabases()
    {
        var (store, storage) = Hooked();
        storage.Before = () => throw new InvalidOperationException("A bug.");

        await Assert.ThrowsAsync<InvalidOperationException>(() => store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), None));

        Assert.Equal(0, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_OpenedToRead_IsRefused()
    {
        var store = new AdoThreadLogStore(bench.Database, storage: null, bench.Host.Get<LogEntryFormat>());

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(
            () => store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), None));

        Assert.Equal($"{bench.Database.DisplayName} was opened to read only.", exception.Message);
    }

    [Fact]
    public async Task AppendAsync_SmallEntry_IsReadableWithSql()
    {
        await bench.Log.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true, End("Schief: 失敗 <br>")), None);

        var text = (string)(await bench.ScalarAsync(
            $"select {EntryAsText} from orleansstorage where thread = @log and position = 0", ("log", _log)))!;

        Assert.StartsWith("""{"version":1,"appendId":"run-1/1/0","runId":"run-1","attempt":1,""", text, StringComparison.Ordinal);
        Assert.Contains("\"error\":\"Schief: 失敗 <br>\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppendAsync_RealisticEntries_TakeFewBytesInTheDatabase()
    {
        const int Entries = 300;
        var database = NewBench();
        await database.InitializeAsync();
        var before = await TableBytesAsync(database);
        var stored = 0L;
        foreach (var position in Enumerable.Range(0, Entries))
        {
            var entry = Entry($"run-1/1/{position}", isBase: position == 0, Checkpoint(Prose(300)));
            stored += (await database.Log.AppendAsync(_log, position, entry, None)).StoredBytes;
        }

        var perRow = (await TableBytesAsync(database) - before) / Entries;
        var large = Entry("run-1/1/300", isBase: true, Checkpoint(Prose(1 << 20), full: true));
        var full = await database.Log.AppendAsync(_log, Entries, large, None);

        // A superstep that set 300 characters: its JSON, and what the row and its indexes add.
        Assert.InRange(stored / Entries, 300, 1_300);
        Assert.True(perRow - (stored / Entries) <= 700, $"{stored / Entries} bytes stored take {perRow}.");
        // A base of 1 MiB of prose.
        Assert.True(full.StoredBytes is > 100_000 and < 500_000, $"1 MiB of prose takes {full.StoredBytes} bytes.");
        Assert.Equal(
            (long)full.StoredBytes,
            Convert.ToInt64(
                await database.ScalarAsync(
                    "select length(payloadbinary) from orleansstorage where thread = @log and position = 300", ("log", _log)),
                CultureInfo.InvariantCulture));
        await database.DisposeAsync();
    }

    /// <summary>Writes as another process does: not by way of this process's writer, which is where the hooks run.</summary>
    private Task AnotherWritesAsync(long position) => Storage.WriteStateAsync(
        "base",
        GrainId.Create("thread-log", $"{_log}/{position}"),
        new GrainState<LogPayload>(
            new LogPayload { Bytes = bench.Host.Get<LogEntryFormat>().Write(Entry("run-2/1/0", isBase: true), "a test") }));

    private async Task<long> TableBytesAsync(AdoBench database) =>
        Convert.ToInt64(await database.ScalarAsync(TableBytes), CultureInfo.InvariantCulture);

    private (AdoThreadLogStore Store, HookedGrainStorage Storage) Hooked()
    {
        var storage = new HookedGrainStorage(Storage);
        return (new AdoThreadLogStore(bench.Database, storage, bench.Host.Get<LogEntryFormat>()), storage);
    }
}
