using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>What callers send to typed inputs: null is none, and its schema is published.</summary>
internal static class StrictJson
{
    internal static T Read<T>(JsonElement value, string what) =>
        ReadAny<T?>(value, what) ?? throw new GraphInputException($"At '$' {what} does not fit: it is null.", "$");

    /// <summary>Reads what may be null as a whole.</summary>
    internal static T ReadAny<T>(JsonElement value, string what)
    {
        var read = GraphJson.ReadInput<T>(value, what);
        return NullItems.Find(value, typeof(T), "$") is not { } item
            ? read
            : throw new GraphInputException($"At '{item}' {what} is null, which is not allowed there.", item);
    }

    internal static JsonObject Schema(Type type) => JsonSchemas.Of(type) as JsonObject ?? [];
}
