using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>Keeps local times as moments of UTC: what a text means must not depend on the time zone of the machine that reads it.</summary>
internal sealed class UniversalTimeConverter : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Universal(reader.GetDateTime());

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Universal(value));

    // One without a zone stays as it is.
    private static DateTime Universal(DateTime value) => value.Kind == DateTimeKind.Local ? value.ToUniversalTime() : value;
}

/// <summary>Keeps sorted collections of texts in ordinal order: the one that they have by default is the culture's.</summary>
internal sealed class OrdinalCollectionConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert == typeof(ImmutableSortedSet<string>)
        || (typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(ImmutableSortedDictionary<,>)
            && typeToConvert.GetGenericArguments()[0] == typeof(string));

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        typeToConvert == typeof(ImmutableSortedSet<string>)
            ? new OrdinalSetConverter()
            : (JsonConverter)Activator.CreateInstance(
                typeof(OrdinalDictionaryConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()[1]))!;
}

internal sealed class OrdinalSetConverter : JsonConverter<ImmutableSortedSet<string>>
{
    public override ImmutableSortedSet<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<ImmutableArray<string>>(ref reader, options).ToImmutableSortedSet(StringComparer.Ordinal);

    public override void Write(Utf8JsonWriter writer, ImmutableSortedSet<string> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Order(StringComparer.Ordinal), options);
}

internal sealed class OrdinalDictionaryConverter<TValue> : JsonConverter<ImmutableSortedDictionary<string, TValue>>
{
    public override ImmutableSortedDictionary<string, TValue> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (JsonSerializer.Deserialize<Dictionary<string, TValue>>(ref reader, options)
            ?? throw new JsonException("A dictionary is not null.")).ToImmutableSortedDictionary(StringComparer.Ordinal);

    public override void Write(
        Utf8JsonWriter writer, ImmutableSortedDictionary<string, TValue> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (key, item) in value.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(key);
            JsonSerializer.Serialize(writer, item, options);
        }

        writer.WriteEndObject();
    }
}
