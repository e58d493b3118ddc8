using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>JSON schemas of types: the exporter's, with the ranges of integers and with the types that are stored our own way.</summary>
internal static class JsonSchemas
{
    private static readonly Dictionary<Type, (BigInteger Min, BigInteger Max)> Ranges = new()
    {
        [typeof(sbyte)] = (sbyte.MinValue, sbyte.MaxValue),
        [typeof(byte)] = (byte.MinValue, byte.MaxValue),
        [typeof(short)] = (short.MinValue, short.MaxValue),
        [typeof(ushort)] = (ushort.MinValue, ushort.MaxValue),
        [typeof(int)] = (int.MinValue, int.MaxValue),
        [typeof(uint)] = (uint.MinValue, uint.MaxValue),
        [typeof(long)] = (long.MinValue, long.MaxValue),
        [typeof(ulong)] = (ulong.MinValue, ulong.MaxValue),
    };

    private static readonly JsonSchemaExporterOptions Options = new() { TransformSchemaNode = Complete };

    internal static JsonNode Of(Type type) => GraphJson.Strict.GetJsonSchemaAsNode(type, Options);

    private static JsonNode Complete(JsonSchemaExporterContext context, JsonNode schema)
    {
        var declared = context.TypeInfo.Type;
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (Ranges.TryGetValue(type, out var range) && schema is JsonObject integer)
        {
            integer["minimum"] = JsonNode.Parse(range.Min.ToString(null, null));
            integer["maximum"] = JsonNode.Parse(range.Max.ToString(null, null));
            return integer;
        }

        var own = type == typeof(DateTime) ? new JsonObject { ["type"] = "string", ["format"] = "date-time" }
            : type == typeof(ImmutableSortedSet<string>) ? new JsonObject { ["type"] = "array", ["items"] = Of(typeof(string)) }
            : IsOrdinalDictionary(type)
                ? new JsonObject { ["type"] = "object", ["additionalProperties"] = Of(type.GetGenericArguments()[1]) }
            : null;
        if (own is not null && (type != declared || IsNullable(context.PropertyInfo)))
        {
            own["type"] = new JsonArray(own["type"]!.GetValue<string>(), "null");
        }

        return own ?? schema;
    }

    private static bool IsNullable(JsonPropertyInfo? property) => property is { PropertyType.IsValueType: false, IsSetNullable: true };

    private static bool IsOrdinalDictionary(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableSortedDictionary<,>)
        && type.GetGenericArguments()[0] == typeof(string);
}
