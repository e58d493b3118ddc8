using System.IO.Compression;
using System.Text.Json;
using Npgsql;

namespace OrleansRuns.Process.Tests;

/// <summary>An entry of a thread's log as it stands in the database.</summary>
/// <param name="Thread">The thread.</param>
/// <param name="Position">Its place in the log.</param>
/// <param name="Json">What it says.</param>
internal sealed record StoredEntry(string Thread, long Position, JsonElement Json)
{
    private const byte BrotliMarker = 0x01;

    internal string RunId => Json.GetProperty("runId").GetString()!;

    internal int Attempt => Json.GetProperty("attempt").GetInt32();

    internal string AppendId => Json.GetProperty("appendId").GetString()!;

    internal DateTimeOffset At => Json.GetProperty("at").GetDateTimeOffset();

    internal bool IsCheckpoint => Find("checkpoint") is not null;

    /// <summary>Gets the ids of the checkpoints it holds.</summary>
    internal IEnumerable<string> CheckpointIds => Records("checkpoint")
        .Select(record => record.GetProperty("checkpoint").GetProperty("id").GetString()!);

    /// <summary>Gets whether an attempt takes the log over with it.</summary>
    internal bool IsClaim => Find("claim") is not null;

    /// <summary>Gets the status its record of the run's end has, if it has one.</summary>
    internal string? EndStatus => Find("end")?.GetProperty("status").GetString();

    /// <summary>Gets whether it ends an attempt of a run that goes on elsewhere, because its silo stopped.</summary>
    internal bool IsHandedOn =>
        Find("end") is { } end && end.TryGetProperty("stopReason", out var reason) && reason.GetString() == "drained";

    /// <summary>Reads all logs of a database, entries in their order.</summary>
    internal static async Task<ILookup<string, StoredEntry>> ReadAllAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            "select thread_id, position, payloadbinary from orleansstorage join threads on log_id = thread order by thread_id, position");
        await using var reader = await command.ExecuteReaderAsync();
        var entries = new List<StoredEntry>();
        while (await reader.ReadAsync())
        {
            entries.Add(new StoredEntry(reader.GetString(0), reader.GetInt64(1), Parse(reader.GetFieldValue<byte[]>(2))));
        }

        return entries.ToLookup(entry => entry.Thread, StringComparer.Ordinal);
    }

    private JsonElement? Find(string kind) => Records(kind).Select(record => (JsonElement?)record).FirstOrDefault();

    private IEnumerable<JsonElement> Records(string kind) =>
        Json.GetProperty("records").EnumerateArray().Where(record => record.GetProperty("kind").GetString() == kind);

    private static JsonElement Parse(byte[] stored)
    {
        if (stored is not [BrotliMarker, ..])
        {
            return JsonElement.Parse(stored);
        }

        using var json = new BrotliStream(new MemoryStream(stored, 1, stored.Length - 1), CompressionMode.Decompress);
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
