using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

/// <summary>An entry as bytes: UTF-8 JSON, or a marker and compressed JSON when it is large.</summary>
internal sealed class LogEntryFormat(ThreadLogOptions options, ILogPayloadCodec? codec)
{
    /// <summary>The first byte of a compressed entry (Brotli, RFC 7932); JSON text starts with a brace.</summary>
    private const byte BrotliMarker = 0x01;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Nothing of an entry is ever put into a page: escaping what a page must escape would only make texts longer and unreadable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // PostgreSQL's jsonb and an operator's tools may have put the discriminator anywhere.
        AllowOutOfOrderMetadataProperties = true,
        RespectNullableAnnotations = true,
    };

    /// <exception cref="LogEntryTooLargeException">The entry is over the limit.</exception>
    internal byte[] Write(LogEntry entry, string place)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(entry, Json);
        Check(entry, json.Length, place);
        var bytes = json.Length > options.CompressAboveBytes ? Compress(json) : json;
        return codec is null ? bytes : codec.Encode(bytes);
    }

    /// <exception cref="InvalidDataException">The bytes are no entry, or one of a newer format.</exception>
    internal LogEntry Read(byte[] stored, string place)
    {
        var version = 0;
        try
        {
            var bytes = codec is null ? stored : codec.Decode(stored);
            var json = bytes is [BrotliMarker, ..] ? Decompress(bytes) : bytes;
            version = JsonSerializer.Deserialize<VersionOnly>(json, Json)?.Version ?? 0;
            if (version is > 0 and <= LogEntry.CurrentVersion)
            {
                return Checked(JsonSerializer.Deserialize<LogEntry>(json, Json)!);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whatever a codec, the decompressor or the parser has to say about bytes they do not understand.
            throw Unreadable(place, exception.Message, exception);
        }

        throw version > LogEntry.CurrentVersion
            ? new InvalidDataException(
                $"The entry at {place} has format {version}; this program reads up to {LogEntry.CurrentVersion}. Use a newer program.")
            : Unreadable(place, "It states no version of the format.");
    }

    private void Check(LogEntry entry, int bytes, string place)
    {
        if (entry.IsBase && !entry.Changes.IsDefault)
        {
            if (bytes > options.MaxStateBytes)
            {
                throw TooLarge($"state at {place}", bytes, options.MaxStateBytes, nameof(ThreadLogOptions.MaxStateBytes));
            }

            // Whether a superstep's entry happens to be a base must not decide whether its changes are accepted.
            bytes = bytes > options.MaxEntryBytes
                ? JsonSerializer.SerializeToUtf8Bytes(entry with { IsBase = false, Records = entry.Changes }, Json).Length
                : bytes;
        }

        if (bytes > options.MaxEntryBytes)
        {
            throw TooLarge($"entry at {place}", bytes, options.MaxEntryBytes, nameof(ThreadLogOptions.MaxEntryBytes));
        }
    }

    private static LogEntryTooLargeException TooLarge(string what, int bytes, int limit, string option) =>
        new($"The {what} has {bytes:N0} bytes, and the limit is {limit:N0}. Keep large data outside the state and its address in it, or "
            + $"raise '{ThreadLogOptions.Section}:{option}'.");

    private static LogEntry Checked(LogEntry entry) =>
        entry.Records.IsDefault || entry.Records.Any(record => record is null)
            ? throw new JsonException("A record is missing.")
            : entry;

    private static InvalidDataException Unreadable(string place, string reason, Exception? inner = null) =>
        new($"The entry at {place} cannot be read: {reason} It is damaged, or was written by another program or codec. Restore it from a "
            + "backup; `doctor` names every entry like it.",
            inner);

    private static byte[] Compress(byte[] json)
    {
        using var target = new MemoryStream();
        target.WriteByte(BrotliMarker);
        using (var brotli = new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write(json);
        }

        return target.ToArray();
    }

    private static byte[] Decompress(byte[] bytes)
    {
        using var brotli = new BrotliStream(new MemoryStream(bytes, 1, bytes.Length - 1), CompressionMode.Decompress);
        using var target = new MemoryStream();
        brotli.CopyTo(target);
        return target.ToArray();
    }

    private sealed record VersionOnly(int Version);
}
