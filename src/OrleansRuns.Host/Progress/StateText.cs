using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Renders states for people.</summary>
internal static class StateText
{
    private const int MaxItems = 5;
    private const int MaxCharacters = 400;

    /// <summary>Gets how the program writes JSON: as it is read by people, nothing escaped that need not be.</summary>
    internal static JsonSerializerOptions Json { get; } =
        new(JsonSerializerOptions.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Gets the same over several lines.</summary>
    internal static JsonSerializerOptions IndentedJson { get; } = new(Json) { WriteIndented = true };

    /// <summary>Renders a state in full.</summary>
    internal static string Full(string values) => JsonNode.Parse(values)!.ToJsonString(IndentedJson);

    /// <summary>Renders a state with long lists and texts cut short, each cut told.</summary>
    internal static string Short(string values) => Shorten(JsonNode.Parse(values))!.ToJsonString(IndentedJson);

    /// <summary>Renders the questions of a thread.</summary>
    internal static JsonArray Interrupts(ThreadSnapshot state) =>
    [
        .. state.Interrupts.Select(interrupt => new JsonObject
        {
            ["id"] = interrupt.Id,
            ["node"] = interrupt.Node,
            ["value"] = JsonNode.Parse(interrupt.Value),
            ["answerSchema"] = interrupt.AnswerSchema is { } schema ? JsonNode.Parse(schema) : null,
        }),
    ];

    private static JsonNode? Shorten(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Shorten(member.Value)))),
        JsonArray { Count: > MaxItems } items =>
            new JsonArray([.. items.Take(MaxItems).Select(Shorten), More(items.Count - MaxItems, "items")]),
        JsonArray items => new JsonArray([.. items.Select(Shorten)]),
        JsonValue value when value.TryGetValue<string>(out var text) && text.Length > MaxCharacters =>
            text[..MaxCharacters] + More(text.Length - MaxCharacters, "characters"),
        _ => node?.DeepClone(),
    };

    private static string More(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"… {count:N0} more {what}");
}
