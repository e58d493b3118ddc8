using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>Reads what callers send: unknown members and missing ones are refused with their path.</summary>
internal static class StrictJson
{
    private static readonly JsonSerializerOptions Options = new(GraphJson.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    internal static T Deserialize<T>(JsonElement value, string what)
    {
        try
        {
            return value.Deserialize<T>(Options)
                ?? throw new GraphInputException($"Cannot read {what}: it is null.", "$");
        }
        catch (JsonException exception)
        {
            throw new GraphInputException($"Cannot read {what} at '{exception.Path}': {exception.Message}", exception.Path, exception);
        }
    }

    internal static JsonObject Schema(Type type) => Options.GetJsonSchemaAsNode(type) as JsonObject ?? [];
}
