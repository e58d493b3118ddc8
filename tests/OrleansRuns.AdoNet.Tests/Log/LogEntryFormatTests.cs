using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansRuns.Graphs;
using OrleansRuns.Runtime;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>The stored bytes. The files of a released version are never changed: they must load for ever.</summary>
public sealed class LogEntryFormatTests
{
    private const string Place = "position 3 of log 'a'";

    private readonly LogEntryFormat _format = new(new ThreadLogOptions(), codec: null);

    public static TheoryData<string> Files => [.. FileNames];

    public static TheoryData<string> Kinds =>
    [
        .. typeof(LogRecord).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(kind => (string)kind.TypeDiscriminator!),
    ];

    private static IEnumerable<string> FileNames => typeof(LogEntryFormatTests).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith("formats/", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Files_EveryKind_HasASmallAndACompressedOne(string kind)
    {
        Assert.Contains($"formats/v{LogEntry.CurrentVersion}/{kind}.json", FileNames);
        Assert.Contains($"formats/v{LogEntry.CurrentVersion}/{kind}.compressed", FileNames);
        Assert.Equal(0x01, Bytes($"v{LogEntry.CurrentVersion}/{kind}.compressed")[0]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Read_EveryFile_LosesNothing(string file)
    {
        var bytes = Bytes(file["formats/".Length..]);

        var entry = _format.Read(bytes, Place);

        Assert.Equal(Path.GetFileNameWithoutExtension(file), KindOf(Assert.Single(entry.Records)));
        Assert.Null(entry.Unknown);
        // Written again, without compression, every member of the file is there with its value.
        var plain = new LogEntryFormat(new ThreadLogOptions { CompressAboveBytes = int.MaxValue }, codec: null).Write(entry, Place);
        using var again = JsonDocument.Parse(plain);
        using var before = JsonDocument.Parse(file.EndsWith(".json", StringComparison.Ordinal) ? bytes : Decompressed(bytes));
        Assert.True(JsonElement.DeepEquals(before.RootElement, again.RootElement), Encoding.UTF8.GetString(plain));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Write_WhatWasReadFromTheNewestFiles_GivesTheSameBytes(string kind)
    {
        // A difference is a new format: it needs a version of its own, and files of it.
        foreach (var file in (string[])[$"v{LogEntry.CurrentVersion}/{kind}.json", $"v{LogEntry.CurrentVersion}/{kind}.compressed"])
        {
            var bytes = Bytes(file);
            Assert.Equal(Json(bytes), Json(_format.Write(_format.Read(bytes, Place), Place)));
        }

        static string Json(byte[] bytes) => Encoding.UTF8.GetString(bytes[0] == 0x01 ? Decompressed(bytes) : bytes);
    }

    [Fact]
    public void Read_FilesOfVersion1_HaveTheirMeaning()
    {
        var entry = _format.Read(Bytes("v1/checkpoint.json"), Place);
        var record = (CheckpointLogRecord)entry.Records[0];
        var claim = (ClaimLogRecord)_format.Read(Bytes("v1/claim.json"), Place).Records[0];
        var writes = (WritesLogRecord)_format.Read(Bytes("v1/writes.json"), Place).Records[0];
        var end = (EndLogRecord)_format.Read(Bytes("v1/end.json"), Place).Records[0];

        Assert.Equal((1, "run-1/2/5", "run-1", 2), (entry.Version, entry.AppendId, entry.RunId, entry.Attempt));
        Assert.Equal((7L, true), (entry.NextEvent, entry.IsBase));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), entry.At);
        Assert.Equal(("review:t1", "run-0"), (record.Namespace, record.RunId));
        Assert.Equal((4, CheckpointSource.Loop), (record.Checkpoint.Step, record.Checkpoint.Source));
        Assert.Equal(("019b7c5e-0000-8000-8000-000000300000", false), (record.Checkpoint.Id, record.Checkpoint.Full));
        Assert.Equal(["messages", "summary"], record.Checkpoint.Channels.Keys);
        Assert.Equal("A summary.", record.Checkpoint.Channels["summary"].GetProperty("value").GetString());
        Assert.Equal(["write", "review"], record.Checkpoint.Next.Select(task => task.Node));
        Assert.Equal("a.cs", record.Checkpoint.Next[1].Argument!.Value.GetProperty("file").GetString());
        Assert.Equal("left", Assert.Single(record.Checkpoint.Joins["join"]));
        Assert.Equal(("report", "plan"), (record.Checkpoint.Deferred.Single(), record.Checkpoint.Ran.Single()));
        Assert.Equal(("silo-1:1@2", "digest", "f1"), (claim.Owner, claim.Graph, claim.Fingerprint));
        Assert.Equal((3, true, 11L), (claim.StartStep, claim.IsResume, claim.StartPosition));
        Assert.Equal([("t1", true), ("t2", false), ("t3", true)], writes.Tasks.Select(task => (task.TaskId, task.Finished)));
        Assert.Equal(("i1", "Go on?"), (writes.Tasks[1].Interrupts[0].Id, writes.Tasks[1].Interrupts[0].Value.GetString()));
        Assert.Equal(("System.TimeoutException", 3), (writes.Tasks[2].Error!.Type, writes.Tasks[2].Error!.Attempts));
        Assert.Equal("repair", writes.Tasks[2].Goto[0].Node);
        Assert.Equal(("error", "node_error", "Zu langsam: 失敗"), (end.Status, end.StopReason, end.Error));
    }

    [Fact]
    public void Read_MembersOfAnotherProgram_AreCarriedAlong()
    {
        var text = Encoding.UTF8.GetString(_format.Write(Entry("run-1/1/0"), Place))
            .Replace("\"version\":1,", "\"version\":1,\"mood\":\"good\",", StringComparison.Ordinal);

        var again = _format.Write(_format.Read(Encoding.UTF8.GetBytes(text), Place), Place);

        Assert.Contains("\"mood\":\"good\"", Encoding.UTF8.GetString(again), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_KindNotInFront_IsUnderstood()
    {
        var text = """
            {"records":[{"owner":"o","graph":"g","fingerprint":"f","kind":"claim"}],"at":"2026-01-02T03:04:05Z","attempt":1,"runId":"r",
            "appendId":"r/1/0","version":1}
            """;

        Assert.Equal("o", ((ClaimLogRecord)_format.Read(Encoding.UTF8.GetBytes(text), Place).Records[0]).Owner);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    public void Write_WithCodec_StoresWhatTheCodecMade(int characters)
    {
        var format = new LogEntryFormat(new ThreadLogOptions(), new FlippingCodec());
        var entry = Entry("run-1/1/0", isBase: true, Checkpoint(Prose(characters)));

        var bytes = format.Write(entry, Place);

        Assert.Equal(0xff, bytes[0] ^ _format.Write(entry, Place)[0]);
        Assert.Equal(_format.Write(entry, Place), _format.Write(format.Read(bytes, Place), Place));
        Assert.Throws<InvalidDataException>(() => _format.Read(bytes, Place));
    }

    [Fact]
    public void Read_CodecRefuses_NamesThePlace()
    {
        var format = new LogEntryFormat(new ThreadLogOptions(), new RefusingCodec());

        var exception = Assert.Throws<InvalidDataException>(() => format.Read([1, 2, 3], Place));

        Assert.StartsWith($"The entry at {Place} cannot be read: The key is not known.", exception.Message, StringComparison.Ordinal);
    }

    private static string KindOf(LogRecord record) => (string)typeof(LogRecord).GetCustomAttributes<JsonDerivedTypeAttribute>()
        .Single(kind => kind.DerivedType == record.GetType()).TypeDiscriminator!;

    private static byte[] Bytes(string file)
    {
        using var stream = typeof(LogEntryFormatTests).Assembly.GetManifestResourceStream($"formats/{file}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static byte[] Decompressed(byte[] bytes)
    {
        using var source = new System.IO.Compression.BrotliStream(
            new MemoryStream(bytes[1..]), System.IO.Compression.CompressionMode.Decompress);
        using var target = new MemoryStream();
        source.CopyTo(target);
        return target.ToArray();
    }

    private sealed class FlippingCodec : ILogPayloadCodec
    {
        public byte[] Encode(byte[] bytes) => [.. bytes.Select(value => (byte)~value)];

        public byte[] Decode(byte[] bytes) => Encode(bytes);
    }

    private sealed class RefusingCodec : ILogPayloadCodec
    {
        public byte[] Encode(byte[] bytes) => bytes;

        public byte[] Decode(byte[] bytes) => throw new System.Security.Cryptography.CryptographicException("The key is not known.");
    }
}
