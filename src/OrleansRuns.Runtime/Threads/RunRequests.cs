using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Checks of a request that need nothing but the request and its graph. Pure.</summary>
internal static class RunRequests
{
    private const string AnyNode = "*";

    /// <summary>How deep what a caller sends may be nested: a value of a state may be 48 levels deep, and is a member here.</summary>
    private const int MaxDepth = 49;

    private static readonly TimeSpan MinTimeout = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromDays(30);

    /// <summary>Checks a thread's id.</summary>
    /// <exception cref="InvalidRunRequestException">It is not 1 to 200 letters, digits, '-', '_', '.' or ':'.</exception>
    internal static void CheckThreadId(string threadId)
    {
        if (ThreadId.ProblemOf(threadId) is { } problem)
        {
            throw new InvalidRunRequestException(problem);
        }
    }

    /// <summary>Reads when an id was made.</summary>
    /// <param name="id">A UUIDv7 (RFC 9562): its first 48 bits are the milliseconds since 1970.</param>
    /// <param name="what">What it is the id of, for the message: "a run".</param>
    /// <exception cref="InvalidRunRequestException">It is no UUIDv7 in lower case.</exception>
    internal static DateTimeOffset TimeOf(string id, string what)
    {
        if (!Guid.TryParseExact(id, "D", out var known) || known.ToString() != id || known.Version != 7)
        {
            throw new InvalidRunRequestException(
                $"'{id}' is no id of {what}. Use a UUIDv7 in lower case, such as Guid.CreateVersion7() gives.");
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(
            BinaryPrimitives.ReadInt64BigEndian(known.ToByteArray(bigEndian: true)) >> 16 & 0xFFFF_FFFF_FFFF);
    }

    /// <summary>Checks what can be told without the thread.</summary>
    /// <exception cref="InvalidRunRequestException">The request contradicts itself, is too large or holds malformed JSON.</exception>
    internal static void Check(StartRunRequest request, CompiledGraph graph, int maxInputBytes)
    {
        _ = TimeOf(request.RunId, "a run");
        if (request.Input is not null && request.Resume is not null)
        {
            throw new InvalidRunRequestException(
                $"Run '{request.RunId}' has both an input and an answer. Give the answer alone, or start anew with the input alone.");
        }

        if (request.Resume is not null && request.CheckpointId is not null)
        {
            throw new InvalidRunRequestException(
                $"Run '{request.RunId}' has both an answer and a checkpoint. A fork asks its questions anew: start from the checkpoint "
                + "alone, and answer then.");
        }

        if (request.RecursionLimit < 1)
        {
            throw new InvalidRunRequestException(
                $"The recursion limit {request.RecursionLimit} of run '{request.RunId}' allows no superstep. Use 1 or more.");
        }

        CheckAdmission(request);
        CheckSize([request.Input, request.Resume, request.Context], maxInputBytes);
        CheckNodes(request.InterruptBefore.Concat(request.InterruptAfter), graph);
        _ = Parse(request.Context, "context");
        _ = ReadMetadata(request.Metadata);
    }

    /// <summary>Checks that texts together stay within the input limit.</summary>
    /// <exception cref="InvalidRunRequestException">They do not.</exception>
    internal static void CheckSize(IEnumerable<string?> texts, int maxInputBytes)
    {
        var bytes = texts.Sum(text => text is null ? 0L : Encoding.UTF8.GetByteCount(text));
        if (bytes > maxInputBytes)
        {
            throw new InvalidRunRequestException(
                $"The request has {bytes:N0} bytes; at most {maxInputBytes:N0} are taken. Send a reference to the data instead, "
                + $"or raise '{RunsOptions.Section}:{nameof(RunsOptions.MaxInputBytes)}'.");
        }
    }

    /// <summary>Reads a JSON text.</summary>
    /// <param name="json">The text; <see langword="null"/> for none.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="InvalidRunRequestException">It is malformed, or a text in it is none.</exception>
    internal static JsonElement? Parse(string? json, string what)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (json.Contains(@"\u", StringComparison.Ordinal))
            {
                ReadTexts(document.RootElement);
            }

            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new InvalidRunRequestException(
                $"The {what} is no valid JSON: {exception.Message} Send one complete JSON value.", exception.Path ?? "$");
        }
        catch (InvalidOperationException)
        {
            throw new InvalidRunRequestException($"A text in the {what} has half of a surrogate pair. Leave it out.", "$");
        }
    }

    /// <summary>Reads every text once: an escape that stands for half of a surrogate pair is found by nothing else.</summary>
    private static void ReadTexts(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    ReadTexts(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    ReadTexts(item);
                }

                break;
            case JsonValueKind.String:
                _ = value.GetString();
                break;
        }
    }

    /// <summary>Reads what a run or thread is to be found by.</summary>
    /// <param name="json">A JSON object; <see langword="null"/> for none.</param>
    /// <exception cref="InvalidRunRequestException">It is no JSON object, or too large.</exception>
    internal static MetadataJson ReadMetadata(string? json) =>
        MetadataJson.Read(json, problem => new InvalidRunRequestException(problem));

    /// <summary>Renders a request for the run's row.</summary>
    internal static string ToRow(StartRunRequest request) => JsonSerializer.Serialize(request, JsonSerializerOptions.Web);

    /// <summary>Reads a request from the run's row.</summary>
    internal static StartRunRequest FromRow(string request) =>
        JsonSerializer.Deserialize<StartRunRequest>(request, JsonSerializerOptions.Web)
        ?? throw new JsonException("The request of a run is null.");

    /// <summary>
    /// Tells whether a run's row was admitted for an equal request. The order and spacing of JSON members do not count, nor does the
    /// run's id when an idempotency key stands for it.
    /// </summary>
    internal static bool IsSame(RunRow row, string threadId, StartRunRequest request)
    {
        var admitted = FromRow(row.Request);
        var asked = request.IdempotencyKey is null ? request : request with { RunId = row.RunId };
        return row.ThreadId == threadId
            && AreEqual(admitted.Input, asked.Input)
            && AreEqual(admitted.Resume, asked.Resume)
            && AreEqual(admitted.Context, asked.Context)
            && AreEqual(admitted.Metadata, asked.Metadata)
            && AreEqual(ToRow(WithoutJson(admitted)), ToRow(WithoutJson(asked)));
    }

    private static StartRunRequest WithoutJson(StartRunRequest request) =>
        request with { Input = null, Resume = null, Context = null, Metadata = null };

    private static bool AreEqual(string? admitted, string? asked)
    {
        if (admitted is null || asked is null)
        {
            return admitted == asked;
        }

        try
        {
            using var left = JsonDocument.Parse(admitted);
            using var right = JsonDocument.Parse(asked);
            return JsonElement.DeepEquals(left.RootElement, right.RootElement);
        }
        catch (JsonException)
        {
            // What was admitted could be read.
            return false;
        }
    }

    private static void CheckAdmission(StartRunRequest request)
    {
        if (!Enum.IsDefined(request.Strategy))
        {
            throw new InvalidRunRequestException(
                $"{request.Strategy} is no strategy. Use one of: "
                + $"{string.Join(", ", Enum.GetValues<MultitaskStrategy>().Select(WireName.Of))}.");
        }

        if (!Enum.IsDefined(request.RecoveryPolicy))
        {
            throw new InvalidRunRequestException(
                $"{request.RecoveryPolicy} is no recovery policy. Use one of: "
                + $"{string.Join(", ", Enum.GetValues<RecoveryPolicy>().Select(WireName.Of))}.");
        }

        if (request.IdempotencyKey is { Length: 0 or > 200 } key)
        {
            throw new InvalidRunRequestException(
                $"The idempotency key of run '{request.RunId}' has {key.Length:N0} characters. Use 1 to 200, or none at all.");
        }

        if (request.IdempotencyKey?.EnumerateRunes().Any(rune => Rune.IsControl(rune) || rune == Rune.ReplacementChar) == true)
        {
            throw new InvalidRunRequestException(
                $"The idempotency key of run '{request.RunId}' has a control character, or half of a surrogate pair. Leave it out.");
        }

        if (request.Timeout is { } timeout && (timeout < MinTimeout || timeout > MaxTimeout))
        {
            throw new InvalidRunRequestException(
                $"The timeout {timeout} of run '{request.RunId}' is out of range. Use {MinTimeout} to {MaxTimeout}, or none at all.");
        }
    }

    private static void CheckNodes(IEnumerable<string> nodes, CompiledGraph graph)
    {
        if (nodes.FirstOrDefault(node => node != AnyNode && !graph.Nodes.ContainsKey(node)) is { } unknown)
        {
            throw new InvalidRunRequestException(
                $"Graph '{graph.Name}' has no node '{unknown}' to stop at. Its nodes are: {string.Join(", ", graph.Nodes.Keys)}.");
        }
    }
}
