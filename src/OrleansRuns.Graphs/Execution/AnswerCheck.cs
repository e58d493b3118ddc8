using System.Numerics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrleansRuns.Graphs;

/// <summary>Checks an answer against the schema that went out with the question, before anything runs.</summary>
/// <remarks>
/// Covers what a type's schema says of kinds, members, items, enumerations, ranges and formats; the node's own read decides the rest.
/// </remarks>
internal static class AnswerCheck
{
    // Patterns come from the types of our own answers; the limit only keeps a stored one from holding up an admission.
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(100);

    private static readonly Dictionary<string, Type> Formats = new(StringComparer.Ordinal)
    {
        ["uuid"] = typeof(Guid),
        ["date-time"] = typeof(DateTimeOffset),
        ["date"] = typeof(DateOnly),
        ["time"] = typeof(TimeOnly),
        ["uri"] = typeof(Uri),
    };

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

        if ((InText(value, schema, path) ?? InRange(value, schema, path)) is { } unfit)
        {
            return unfit;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => InMembers(value, schema, path),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) => value.EnumerateArray()
                .Select((item, index) => Mismatch(item, items, $"{path}[{index}]")).FirstOrDefault(problem => problem is not null),
            _ => null,
        };
    }

    private static string? InText(JsonElement value, JsonElement schema, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var text = value.GetString()!;
        return schema.TryGetProperty("format", out var format) && !HasFormat(value, format.GetString()!)
                ? $"'{path}' is '{text}', but must be a text of the format '{format.GetString()}'."
            : schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(
                text, pattern.GetString()!, RegexOptions.CultureInvariant, PatternTimeout)
                ? $"'{path}' is '{text}', but must be a text like {pattern.GetString()}."
            : schema.TryGetProperty("minLength", out var min) && text.Length < min.GetInt32() ? $"'{path}' is too short."
            : schema.TryGetProperty("maxLength", out var max) && text.Length > max.GetInt32() ? $"'{path}' is too long."
            : null;
    }

    private static bool HasFormat(JsonElement text, string format)
    {
        try
        {
            // As it is read: what the reader of the type takes is what fits.
            return !Formats.TryGetValue(format, out var type) || text.Deserialize(type) is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? InRange(JsonElement value, JsonElement schema, string path) =>
        value.ValueKind == JsonValueKind.Number
        && schema.TryGetProperty("minimum", out var min) && schema.TryGetProperty("maximum", out var max)
        && BigInteger.TryParse(value.GetRawText(), null, out var number)
        && (number < BigInteger.Parse(min.GetRawText(), null) || number > BigInteger.Parse(max.GetRawText(), null))
            ? $"'{path}' is {number}, but must be {min.GetRawText()} to {max.GetRawText()}."
            : null;

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
            JsonSerializer.SerializeToElement(JsonSchemas.Of(typeof(T)));
    }
}
