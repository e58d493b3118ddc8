using System.Text.Json;
using System.Text.Json.Schema;

namespace OrleansRuns.Graphs;

/// <summary>Checks an answer against the schema that went out with the question, before anything runs.</summary>
/// <remarks>
/// Covers what a type's exported schema says of kinds, members, items and enumerations; the node's own read decides the rest.
/// </remarks>
internal static class AnswerCheck
{
    internal static JsonElement SchemaOf<T>() => Cache<T>.Schema;

    /// <summary>Finds the first place where a value does not fit.</summary>
    /// <returns>A sentence with the JSON path, or <see langword="null"/>.</returns>
    internal static string? Mismatch(JsonElement value, JsonElement schema, string path = "$")
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (schema.TryGetProperty("type", out var type) && !Kinds(type).Any(kind => IsKind(value, kind)))
        {
            return $"'{path}' is {Name(value)}, but must be {string.Join(" or ", Kinds(type))}.";
        }

        if (schema.TryGetProperty("enum", out var values) && !values.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)))
        {
            return $"'{path}' is {value.GetRawText()}, but must be one of {values.GetRawText()}.";
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => InMembers(value, schema, path),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) => value.EnumerateArray()
                .Select((item, index) => Mismatch(item, items, $"{path}[{index}]")).FirstOrDefault(problem => problem is not null),
            _ => null,
        };
    }

    private static string? InMembers(JsonElement value, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("required", out var required))
        {
            var missing = required.EnumerateArray().Select(name => name.GetString()!)
                .FirstOrDefault(name => !value.TryGetProperty(name, out _));
            if (missing is not null)
            {
                return $"'{path}.{missing}' is missing.";
            }
        }

        return value.EnumerateObject()
            .Select(member => InMember(member, schema, $"{path}.{member.Name}"))
            .FirstOrDefault(problem => problem is not null);
    }

    private static string? InMember(JsonProperty member, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(member.Name, out var inner))
        {
            return Mismatch(member.Value, inner, path);
        }

        return !schema.TryGetProperty("additionalProperties", out var others) ? null
            : others.ValueKind == JsonValueKind.False ? $"'{path}' is unknown."
            : Mismatch(member.Value, others, path);
    }

    private static IEnumerable<string> Kinds(JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(kind => kind.GetString()!) : [type.GetString()!];

    private static bool IsKind(JsonElement value, string kind) => kind switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "string" => value.ValueKind == JsonValueKind.String,
        // As it is read: 1.0 is no integer to it.
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0,
        "number" => value.ValueKind == JsonValueKind.Number,
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => true,
    };

    private static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static class Cache<T>
    {
        internal static readonly JsonElement Schema =
            JsonSerializer.SerializeToElement(GraphJson.Strict.GetJsonSchemaAsNode(typeof(T)));
    }
}
