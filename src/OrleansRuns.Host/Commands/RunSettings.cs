using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>What the run command was asked.</summary>
internal sealed record RunSettings
{
    /// <summary>As many as a UUID has: what tells threads apart elsewhere does so here.</summary>
    private const int ThreadBytes = 16;

    // A letter of another encoding would become another one without a word.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal required string Graph { get; init; }

    internal required RunsDatabase Database { get; init; }

    internal required bool IsJson { get; init; }

    internal string? Thread { get; init; }

    internal string? Input { get; init; }

    internal bool IsResume { get; init; }

    internal string? Answer { get; init; }

    internal int RecursionLimit { get; init; }

    internal MultitaskStrategy Strategy { get; init; }

    internal TimeSpan? Timeout { get; init; }

    internal string? IdempotencyKey { get; init; }

    internal string? Metadata { get; init; }

    /// <summary>
    /// Names the thread of a run that was given a key and no thread: always the same one, because a repeated command has to ask for the
    /// same run.
    /// </summary>
    internal static string ThreadOf(string idempotencyKey) =>
        $"key-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(idempotencyKey)).AsSpan(0, ThreadBytes))}";

    /// <summary>Reads an option that is JSON itself or "@" and the file that holds it.</summary>
    /// <exception cref="UsageException">The file cannot be read, or it is no JSON.</exception>
    internal static string? ReadJson(string? option, string name)
    {
        if (option is null)
        {
            return null;
        }

        var json = option.StartsWith('@') ? ReadFile(option[1..], name) : option;
        try
        {
            using var document = JsonDocument.Parse(json);
            return json;
        }
        catch (JsonException exception)
        {
            var problem = exception.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
            var place = $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}";
            throw new UsageException(
                $"{name} is no valid JSON at {place}, in {exception.Path ?? "$"}: {problem} "
                + $"Give one JSON value, such as {name} '{{\"folder\":\".\"}}', or {name} @file.json.");
        }
    }

    private static string ReadFile(string path, string name)
    {
        try
        {
            return File.ReadAllText(path, StrictUtf8);
        }
        catch (DecoderFallbackException exception)
        {
            throw new UsageException(
                $"{name} names the file '{path}', which is no UTF-8 text: byte {exception.Index} does not fit. Convert it.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"{name} names the file '{path}', which cannot be read: {exception.Message}");
        }
    }
}
