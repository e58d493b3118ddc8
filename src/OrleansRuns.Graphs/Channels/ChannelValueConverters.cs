using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>Writes channel values as plain JSON (array, number, object) and reads them back sealed.</summary>
internal sealed class ChannelValueConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeof(IChannelValue).IsAssignableFrom(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(
            ChannelKind.Of(typeToConvert)!.Converter.MakeGenericType(typeToConvert.GetGenericArguments()))!;
}

internal sealed class AppendListConverter<T> : JsonConverter<AppendList<T>>
{
    public override AppendList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        AppendList<T>.Seal(JsonSerializer.Deserialize<ImmutableArray<T>>(ref reader, options));

    public override void Write(Utf8JsonWriter writer, AppendList<T> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize<IEnumerable<T>>(writer, value, options);
}

internal sealed class TotalConverter<T> : JsonConverter<Total<T>>
    where T : struct, INumber<T>
{
    public override Total<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Total<T>.Seal(JsonSerializer.Deserialize<T>(ref reader, options));

    public override void Write(Utf8JsonWriter writer, Total<T> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Value, options);
}

internal sealed class UnionSetConverter<T> : JsonConverter<UnionSet<T>>
{
    public override UnionSet<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        UnionSet<T>.Seal(JsonSerializer.Deserialize<ImmutableArray<T>>(ref reader, options).AsEnumerable());

    public override void Write(Utf8JsonWriter writer, UnionSet<T> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var (_, text) in value.Texts(options))
        {
            writer.WriteRawValue(text);
        }

        writer.WriteEndArray();
    }
}

internal sealed class MergeMapConverter<TValue> : JsonConverter<MergeMap<TValue>>
{
    public override MergeMap<TValue> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        MergeMap<TValue>.Seal(
            (JsonSerializer.Deserialize<Dictionary<string, TValue>>(ref reader, options)
                ?? throw new JsonException("A map is not null.")));

    public override void Write(Utf8JsonWriter writer, MergeMap<TValue> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (key, item) in value.Items)
        {
            writer.WritePropertyName(key);
            JsonSerializer.Serialize(writer, item, options);
        }

        writer.WriteEndObject();
    }
}

internal sealed class MessagesConverter : JsonConverter<Messages>
{
    public override Messages Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<ImmutableArray<Message>>(ref reader, options)
            .Aggregate(default(Messages), (messages, message) => messages.Put(message)).Sealed();

    public override void Write(Utf8JsonWriter writer, Messages value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize<IEnumerable<Message>>(writer, value, options);
}
