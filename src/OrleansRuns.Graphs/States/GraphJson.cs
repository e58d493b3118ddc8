using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>The one way values become JSON and come back: camel case, strict numbers, enums by name.</summary>
internal static class GraphJson
{
    /// <summary>How deep a value may be nested: what is around it in the log adds to it, and readers stop at 64 levels.</summary>
    internal const int MaxDepth = 48;

    /// <summary>For what a caller gives: an unknown member, a missing one and a null that is not allowed are errors.</summary>
    internal static JsonSerializerOptions Strict { get; } = Create(isStrict: true);

    /// <summary>For what the log holds: written by this program or by an older or newer one.</summary>
    internal static JsonSerializerOptions Lenient { get; } = Create(isStrict: false);

    internal static JsonElement Null { get; } = JsonSerializer.SerializeToElement<object?>(null);

    /// <summary>Serialises a value of a node.</summary>
    /// <param name="value">The value.</param>
    /// <param name="what">What the value is, for the message: "channel 'files' of node 'count'".</param>
    /// <exception cref="GraphUpdateException">The value cannot be stored.</exception>
    internal static JsonElement Serialize<T>(T value, string what)
    {
        try
        {
            StoredTypes.Check(typeof(T), value, what);
            return JsonSerializer.SerializeToElement(value, Lenient);
        }
        catch (Exception exception) when (exception is not (GraphException or OutOfMemoryException))
        {
            throw new GraphUpdateException($"The value of {what} cannot be stored as JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Reads what the log or a task's writes hold.</summary>
    /// <exception cref="GraphUpdateException">The text does not fit the type.</exception>
    internal static T Read<T>(JsonElement value, string what)
    {
        try
        {
            return value.Deserialize<T>(Lenient)!;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new GraphUpdateException($"The stored value of {what} does not fit: {exception.Message}", exception);
        }
    }

    /// <summary>Reads what a caller gave.</summary>
    /// <param name="value">The JSON.</param>
    /// <param name="what">What it is, for the message: "the input of graph 'digest'".</param>
    /// <param name="path">The JSON path of <paramref name="value"/> in what the caller gave.</param>
    /// <exception cref="GraphInputException">It does not fit; the message has the path.</exception>
    internal static T ReadInput<T>(JsonElement value, string what, string path = "$")
    {
        try
        {
            return value.Deserialize<T>(Strict)!;
        }
        catch (JsonException exception)
        {
            var place = path + (exception.Path is { Length: > 1 } inner ? inner[1..] : "");
            var reason = exception.Message.Split(" Path: ", 2)[0];
            throw new GraphInputException($"At '{place}' {what} does not fit: {reason}", place, exception);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The type's own code refuses the value.
            throw new GraphInputException($"At '{path}' {what} does not fit: {exception.Message}", path, exception);
        }
    }

    /// <summary>Parses what a caller gave as text.</summary>
    /// <exception cref="GraphInputException">It is no JSON.</exception>
    internal static JsonElement ParseInput(string text, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException exception)
        {
            throw new GraphInputException($"At '$' {what} is no valid JSON: {exception.Message}", "$", exception);
        }
    }

    private static JsonSerializerOptions Create(bool isStrict)
    {
        var contract = new DefaultJsonTypeInfoResolver { Modifiers = { StoredTypes.CheckMembers } };
        if (!isStrict)
        {
            contract.Modifiers.Add(UnknownMembers.Carry);
        }

        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            MaxDepth = MaxDepth,
            NumberHandling = JsonNumberHandling.Strict,
            UnmappedMemberHandling = isStrict ? JsonUnmappedMemberHandling.Disallow : JsonUnmappedMemberHandling.Skip,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = isStrict,
            IgnoreReadOnlyProperties = true,
            AllowDuplicateProperties = false,
            AllowOutOfOrderMetadataProperties = true,
            TypeInfoResolver = contract,
            Converters =
            {
                new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: !isStrict),
                new UniversalTimeConverter(),
                new OrdinalCollectionConverterFactory(),
            },
        };
        options.MakeReadOnly();
        return options;
    }
}
