using System.IO.Compression;
using System.Text;
using System.Text.Json;
using OrleansRuns.Runtime;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every thread log store promises: what is read.</summary>
public abstract partial class ThreadLogContract
{
    public static TheoryData<string, LogRecord> Kinds => new()
    {
        { "checkpoint", Checkpoint("text") },
        { "full checkpoint", Checkpoint(Prose(100_000), full: true) },
        { "writes", Writes("text") },
        { "claim", Claim() },
        { "end", End("Es ging schief: 失敗") },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ReadLineAsync_EveryKind_IsReadBackWhole(string kind, LogRecord record)
    {
        var entry = Entry("run-1/3/9", isBase: true, record, Claim());
        var written = await Store.AppendAsync(_log, 0, entry, None);

        var row = Assert.Single(await Store.ReadLineAsync(_log, null, None));

        Assert.Equal(AsJson(entry), AsJson(row.Entry));
        Assert.True(kind.Length > 0 && row.StoredBytes == written.StoredBytes && row.StoredBytes > 0);
    }

    [Fact]
    public async Task ReadLineAsync_Newest_StartsAtTheNewestBase()
    {
        await AppendAsync("run-1", 0, 4);
        await AppendAsync("run-1", 5, 7);

        Assert.Equal([5, 6, 7], await PositionsAsync(null));
    }

    [Theory]
    [InlineData(0, new long[] { 0 })]
    [InlineData(3, new long[] { 0, 1, 2, 3 })]
    [InlineData(5, new long[] { 5 })]
    [InlineData(6, new long[] { 5, 6 })]
    [InlineData(8, new long[0])]
    public async Task ReadLineAsync_Position_StartsAtTheBaseAtOrBelowIt(long position, long[] expected)
    {
        await AppendAsync("run-1", 0, 4);
        await AppendAsync("run-1", 5, 7);

        Assert.Equal(expected, await PositionsAsync(position));
    }

    [Fact]
    public async Task ReadLineAsync_UnknownLog_IsEmpty()
    {
        Assert.Empty(await Store.ReadLineAsync(_log, null, None));
        Assert.Empty(await Store.ReadLineAsync(_log, 0, None));
        Assert.Empty(await Store.ReadPageAsync(_log, 0, 10, None));
    }

    [Fact]
    public async Task ReadLineAsync_AfterFork_ReadsBothBranches()
    {
        await AppendAsync("run-1", 0, 3);
        await AppendAsync("edit-1", 4, 4);
        await Store.AppendAsync(_log, 5, Entry("run-2/1/0"), None);

        Assert.Equal([0, 1, 2, 3], await PositionsAsync(3));
        Assert.Equal([4, 5], await PositionsAsync(null));
    }

    [Fact]
    public async Task ReadPageAsync_Pages_FollowEachOther()
    {
        await AppendAsync("run-1", 0, 9);

        var first = await Store.ReadPageAsync(_log, 0, 4, None);
        var second = await Store.ReadPageAsync(_log, 4, 4, None);
        var third = await Store.ReadPageAsync(_log, 8, 4, None);

        Assert.Equal(
            Enumerable.Range(0, 10).Select(position => (long)position), first.Concat(second).Concat(third).Select(row => row.Position));
        Assert.Equal((4, 4, 2), (first.Length, second.Length, third.Length));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task ReadPageAsync_LimitOutOfRange_ThrowsArgument(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.ReadPageAsync(_log, 0, limit, None));

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(4, 0, 0)]
    [InlineData(5, 5, 5)]
    [InlineData(7, 5, 5)]
    [InlineData(100, 8, 8)]
    public async Task PruneAsync_Below_KeepsWhatTheRestNeeds(long below, int removed, long floor)
    {
        await AppendAsync("run-1", 0, 4);
        await AppendAsync("run-1", 5, 7);
        await AppendAsync("run-1", 8, 9);

        Assert.Equal(removed, await Store.PruneAsync(_log, below, None));

        Assert.Equal([8, 9], await PositionsAsync(null));
        Assert.Equal(floor, (await Store.ReadPageAsync(_log, 0, 1, None)).Single().Position);
        Assert.Equal(Math.Max(floor, 8), (await PositionsAsync(9))[0]);
        Assert.True((await Store.AppendAsync(_log, 10, Entry("run-1/1/10"), None)).IsAppended);
    }

    [Fact]
    public async Task PruneAsync_OneLog_LeavesTheOthers()
    {
        await AppendAsync("run-1", 0, 2);
        await AppendAsync("run-1", 3, 3);
        await Store.AppendAsync($"{_log}-2", 0, Entry("run-2/1/0", isBase: true), None);

        await Store.PruneAsync(_log, 3, None);

        Assert.Equal(1, await bench.CountEntriesAsync($"{_log}-2"));
    }

    [Fact]
    public async Task AppendAsync_LargeEntry_IsCompressedAndReadBack()
    {
        var text = Prose(200_000);

        var outcome = await Store.AppendAsync(_log, 0, Entry("run-1/1/0", isBase: true, Checkpoint(text)), None);

        var row = Assert.Single(await Store.ReadLineAsync(_log, null, None));
        Assert.Equal(text, TextOf(row));
        Assert.Equal(outcome.StoredBytes, row.StoredBytes);
        Assert.InRange(outcome.StoredBytes, 1, text.Length / 2);
    }

    [Fact]
    public async Task ReadLineAsync_NewerFormat_SaysSo()
    {
        await AppendAsync("run-1", 0, 2);
        await bench.OverwriteAsync(_log, 1, """{"version":2,"appendId":"a","records":"another shape"}"""u8.ToArray());

        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => Store.ReadLineAsync(_log, 2, None));

        Assert.Contains($"position 1 of log '{_log}'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("has format 2; this program reads up to 1. Use a newer program.", exception.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> WrongBytes => new()
    {
        { "empty", [] },
        { "noise", [0x9f, 0x00, 0x13, 0x37] },
        { "half an entry", Encoding.UTF8.GetBytes(AsJson(Entry("run-1/1/0")))[..^10] },
        { "null", "null"u8.ToArray() },
        { "a list", "[]"u8.ToArray() },
        { "no version", "{}"u8.ToArray() },
        { "version 0", """{"version":0}"""u8.ToArray() },
        { "members missing", """{"version":1,"appendId":"a"}"""u8.ToArray() },
        { "records null", """{"version":1,"appendId":"a","runId":"r","attempt":1,"at":"2026-01-02T03:04:05Z","records":null}"""u8.ToArray() },
        { "record null", """{"version":1,"appendId":"a","runId":"r","attempt":1,"at":"2026-01-02T03:04:05Z","records":[null]}"""u8.ToArray() },
        {
            "unknown kind",
            """{"version":1,"appendId":"a","runId":"r","attempt":1,"at":"2026-01-02T03:04:05Z","records":[{"kind":"dream"}]}"""u8.ToArray()
        },
        { "compressed noise", [0x01, 0x9f, 0x00, 0x13, 0x37, 0xff] },
        { "compressed and cut", Compressed(AsJson(Entry("run-1/1/0")))[..^10] },
        { "compressed nothing", [0x01] },
    };

    [Theory]
    [MemberData(nameof(WrongBytes))]
    public async Task ReadLineAsync_WrongBytes_NamesThreadAndPosition(string what, byte[] bytes)
    {
        await AppendAsync("run-1", 0, 2);
        await bench.OverwriteAsync(_log, 1, bytes);

        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => Store.ReadLineAsync(_log, null, None));

        Assert.True(exception.Message.Contains($"The entry at position 1 of log '{_log}' cannot be read: ", StringComparison.Ordinal), what);
        Assert.Single(await Store.ReadLineAsync(_log, 0, None));
    }

    private static string AsJson(LogEntry entry) => JsonSerializer.Serialize(entry, JsonSerializerOptions.Web);

    private static byte[] Compressed(string text)
    {
        using var target = new MemoryStream();
        target.WriteByte(0x01);
        using (var brotli = new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write(Encoding.UTF8.GetBytes(text));
        }

        return target.ToArray();
    }

    private async Task<List<long>> PositionsAsync(long? position) =>
        [.. (await Store.ReadLineAsync(_log, position, None)).Select(row => row.Position)];
}
