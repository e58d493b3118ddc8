using OrleansRuns.Runtime;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every thread log store promises: who may append.</summary>
public abstract partial class ThreadLogContract(IStorageBench bench)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _log = Guid.CreateVersion7().ToString();

    private IThreadLogStore Store => bench.Log;

    [Fact]
    public async Task AppendAsync_SixteenFirstAppendsAtOnce_LeaveOneRowAndFifteenConflicts()
    {
        foreach (var round in Enumerable.Range(0, 20))
        {
            var log = $"{_log}-{round}";

            var outcomes = await AtOnce.RunAsync(16, writer => Store.AppendAsync(log, 0, Entry($"run-{writer}/1/0", isBase: true), None));

            var winner = Assert.Single(outcomes.Index(), pair => pair.Item.IsAppended).Index;
            Assert.Equal(1, await bench.CountEntriesAsync(log));
            Assert.Equal($"run-{winner}", Assert.Single(await Store.ReadLineAsync(log, null, None)).Entry.RunId);
            Assert.All(outcomes.Where(outcome => !outcome.IsAppended), outcome => Assert.Equal(0, outcome.StoredBytes));
        }
    }

    [Fact]
    public async Task AppendAsync_TwoWritersWhoBothBelieve_LeaveOneOfThemEveryPosition()
    {
        await AppendAsync("run-0", 0, 0);

        var counts = await AtOnce.RunAsync(2, async writer =>
        {
            var position = 1;
            while (position <= 50 && (await Store.AppendAsync(_log, position, Entry($"run-{writer}/1/{position}"), None)).IsAppended)
            {
                position++;
            }

            return position - 1;
        });

        var rows = await Store.ReadPageAsync(_log, 1, 1000, None);
        Assert.Equal([0, 50], counts.Order());
        Assert.Equal(Enumerable.Range(1, 50).Select(position => (long)position), rows.Select(row => row.Position));
        Assert.Single(rows.Select(row => row.Entry.RunId).Distinct());
    }

    [Fact]
    public async Task AppendAsync_StaleWriterAfterAnother_IsRefused()
    {
        await AppendAsync("run-old", 0, 3);
        await AppendAsync("run-new", 4, 4);

        var outcome = await Store.AppendAsync(_log, 4, Entry("run-old/1/4"), None);

        Assert.False(outcome.IsAppended);
        Assert.Equal("run-new", (await Store.ReadPageAsync(_log, 4, 10, None)).Single().Entry.RunId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task AppendAsync_AtOrBelowTheNewest_IsRefused(long position)
    {
        await AppendAsync("run-1", 0, 5);

        var outcome = await Store.AppendAsync(_log, position, Entry("run-2/1/0", isBase: true), None);

        Assert.False(outcome.IsAppended);
        Assert.Equal(6, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_BelowPrunedFloor_IsRefused()
    {
        await AppendAsync("run-1", 0, 3);
        await AppendAsync("run-1", 4, 6);
        var removed = await Store.PruneAsync(_log, 4, None);

        var outcomes = new List<AppendOutcome>();
        foreach (var position in Enumerable.Range(0, 4))
        {
            outcomes.Add(await Store.AppendAsync(_log, position, Entry("run-2/1/0", isBase: true), None));
        }

        Assert.Equal(4, removed);
        Assert.DoesNotContain(outcomes, outcome => outcome.IsAppended);
        Assert.Equal(3, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_OwnAppendBelowPrunedFloor_IsRefused()
    {
        await AppendAsync("run-1", 0, 0);
        await AppendAsync("run-2", 1, 1);
        await Store.PruneAsync(_log, 1, None);

        var outcome = await Store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), None);

        Assert.False(outcome.IsAppended);
    }

    [Fact]
    public async Task AppendAsync_SameAppendAgain_IsRecognisedAsItsOwn()
    {
        var entry = Entry("run-1/1/0", isBase: true);
        var first = await Store.AppendAsync(_log, 0, entry, None);

        var second = await Store.AppendAsync(_log, 0, entry, None);

        Assert.True(first.IsAppended);
        Assert.Equal(first, second);
        Assert.Equal(1, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_NextAttemptOfTheSameRun_IsAnotherWriter()
    {
        await AppendAsync("run-1", 0, 2);

        var outcome = await Store.AppendAsync(_log, 2, Entry("run-1/2/2"), None);

        Assert.False(outcome.IsAppended);
    }

    [Fact]
    public async Task AppendAsync_ThreadMadeAgain_IsAnotherLog()
    {
        var before = await bench.Catalog.TakeSlotAsync(_log, "digest", "edit-1", None);
        await Store.AppendAsync(before.LogId, 0, Entry("edit-1/1/0", isBase: true), None);
        await bench.RemoveThreadAsync(_log);

        var after = await bench.Catalog.TakeSlotAsync(_log, "digest", "edit-2", None);

        Assert.NotEqual(before.LogId, after.LogId);
        Assert.Empty(await Store.ReadLineAsync(after.LogId, null, None));
        Assert.True((await Store.AppendAsync(after.LogId, 0, Entry("edit-2/1/0", isBase: true), None)).IsAppended);
        Assert.False((await Store.AppendAsync(before.LogId, 0, Entry("edit-2/1/0", isBase: true), None)).IsAppended);
    }

    [Fact]
    public async Task AppendAsync_ManyLogsAtOnce_KeepsThemApart()
    {
        await AtOnce.RunAsync(16, async writer =>
        {
            foreach (var position in Enumerable.Range(0, 10))
            {
                var entry = Entry($"run-{writer}/1/{position}", isBase: position == 0);
                Assert.True((await Store.AppendAsync($"{_log}-{writer}", position, entry, None)).IsAppended);
            }

            return writer;
        });

        foreach (var writer in Enumerable.Range(0, 16))
        {
            var line = await Store.ReadLineAsync($"{_log}-{writer}", null, None);
            Assert.Equal(10, line.Length);
            Assert.All(line, row => Assert.Equal($"run-{writer}", row.Entry.RunId));
        }
    }

    [Theory]
    [InlineData("7")]
    [InlineData("00000000000000000000000000000001")]
    [InlineData("deadbeef")]
    [InlineData("Thread-A")]
    [InlineData("x23456789-123456789-123456789-123456789-123456789-123456789-1234")]
    public async Task AppendAsync_IdThatLooksLikeAnotherKindOfKey_IsKeptApart(string log)
    {
        Assert.True((await Store.AppendAsync(log, 0, Entry("run-1/1/0", isBase: true), None)).IsAppended);
        Assert.True((await Store.AppendAsync(log, 1, Entry("run-1/1/1"), None)).IsAppended);

        Assert.Equal([0, 1], (await Store.ReadLineAsync(log, null, None)).Select(row => row.Position));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("x23456789-123456789-123456789-123456789-123456789-123456789-12345")]
    public async Task AppendAsync_OtherCharactersOrTooLong_ThrowsArgument(string log) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(log, 0, Entry("run-1/1/0", isBase: true), None));

    [Fact]
    public async Task AppendAsync_AlreadyCancelled_WritesNothing()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true), source.Token));

        Assert.Equal(0, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_OverTheLimit_ThrowsBeforeTheDatabase()
    {
        var entry = Entry("run-1/1/0", isBase: true, Checkpoint(new string('x', 8 << 20)));

        var exception = await Assert.ThrowsAsync<LogEntryTooLargeException>(() => Store.AppendAsync(_log, 0, entry, None));

        Assert.Contains($"position 0 of log '{_log}'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("the limit is 8,388,608", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'OrleansRuns:Log:MaxEntryBytes'", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_StateOverTheLimitOfAnEntry_IsReadBack()
    {
        var text = new string('x', 20 << 20);
        var entry = Entry("run-1/1/0", isBase: true, Checkpoint(text, full: true)) with { Changes = [Checkpoint("x")] };

        var outcome = await Store.AppendAsync(_log, 0, entry, None);

        Assert.True(outcome.IsAppended);
        Assert.Equal(text, TextOf((await Store.ReadLineAsync(_log, null, None)).Single()));
    }

    [Fact]
    public async Task AppendAsync_ChangesOfABaseOverTheLimitOfAnEntry_ThrowsBeforeTheDatabase()
    {
        var checkpoint = Checkpoint(new string('x', 8 << 20));
        var entry = Entry("run-1/1/0", isBase: true, checkpoint) with { Changes = [checkpoint] };

        var exception = await Assert.ThrowsAsync<LogEntryTooLargeException>(() => Store.AppendAsync(_log, 0, entry, None));

        Assert.Contains("'OrleansRuns:Log:MaxEntryBytes'", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, await bench.CountEntriesAsync(_log));
    }

    [Fact]
    public async Task AppendAsync_JustUnderTheLimit_IsReadBack()
    {
        var text = new string('x', (8 << 20) - 2000);

        var outcome = await Store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true, Checkpoint(text)), None);

        Assert.True(outcome.IsAppended);
        Assert.Equal(text, TextOf((await Store.ReadLineAsync(_log, null, None)).Single()));
    }

    private static string TextOf(StoredEntry row) =>
        ((CheckpointLogRecord)row.Entry.Records.Single()).Checkpoint.Channels["summary"].GetProperty("value").GetString()!;

    /// <summary>Appends a base and what follows it.</summary>
    private async Task AppendAsync(string run, int from, int to)
    {
        foreach (var position in Enumerable.Range(from, to - from + 1))
        {
            var outcome = await Store.AppendAsync(_log, position, Entry($"{run}/1/{position}", isBase: position == from), None);
            Assert.True(outcome.IsAppended, $"Position {position}.");
        }
    }
}
