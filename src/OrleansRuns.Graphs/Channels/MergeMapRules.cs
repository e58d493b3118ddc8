using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

internal sealed class MergeMapRules<TValue> : ChannelRules<MergeMap<TValue>>
{
    internal override string Kind => "merge_map";

    internal override JsonElement? Diff(MergeMap<TValue> given, MergeMap<TValue> returned, string? taskId, string place)
    {
        if (!returned.DescendsFrom(given))
        {
            throw new GraphUpdateException(
                $"The map of {place} was not made from the map of the given state. Use With and Without on that map.");
        }

        var delta = new JsonObject();
        foreach (var key in returned.ChangedKeys)
        {
            var entry = $"key '{key}' of {place}";
            var (had, has) = (given.TryGetValue(key, out var old), returned.TryGetValue(key, out var value));
            if (has && value is null)
            {
                throw new GraphUpdateException(
                    $"The map of {place} has a null under '{key}', which would remove the key. Use Without, or a value that is not null.");
            }

            if (had && !has)
            {
                delta[key] = null;
            }
            else if (has && (had ? Difference(old, value, entry) : GraphJson.Serialize(value, entry)) is { } changed)
            {
                delta[key] = JsonNode.Parse(changed.GetRawText());
            }
        }

        return delta.Count == 0 ? null : JsonSerializer.SerializeToElement(delta);
    }

    internal override (MergeMap<TValue> Value, ChannelOperation Operation) Fold(
        MergeMap<TValue> before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        if (deltas.Count == 1)
        {
            return (Apply(before, deltas[0].Value, channel), new ChannelOperation(ChannelOperation.Change, deltas[0].Value));
        }

        var merged = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in deltas.SelectMany(delta => delta.Value.EnumerateObject()))
        {
            if (!merged.TryAdd(member.Name, member.Value) && !JsonElement.DeepEquals(merged[member.Name], member.Value))
            {
                throw Conflict(channel, deltas, $"Their values under the key '{member.Name}' differ. Let one node write a key.");
            }
        }

        var change = JsonSerializer.SerializeToElement(merged);
        return (Apply(before, change, channel), new ChannelOperation(ChannelOperation.Change, change));
    }

    internal override MergeMap<TValue> Replay(MergeMap<TValue> before, ChannelOperation operation, string channel) =>
        operation.Name == ChannelOperation.Change ? Apply(before, operation.Value, channel) : base.Replay(before, operation, channel);

    internal override void CheckInput(JsonElement delta, string what, string path)
    {
        if (delta.ValueKind != JsonValueKind.Object)
        {
            throw new GraphInputException($"At '{path}' {what} does not fit: an object of keys is needed.", path);
        }

        foreach (var member in delta.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
        {
            GraphJson.ReadInput<TValue>(member.Value, what, $"{path}.{member.Name}");
        }
    }

    internal override JsonNode DeltaSchema(JsonNode value) => new JsonObject
    {
        ["type"] = "object",
        ["description"] = "A key with null is removed.",
        ["additionalProperties"] = value["additionalProperties"] is { } item
            ? new JsonObject { ["anyOf"] = new JsonArray(item.DeepClone(), new JsonObject { ["type"] = "null" }) }
            : true,
    };

    private static MergeMap<TValue> Apply(MergeMap<TValue> before, JsonElement change, string channel)
    {
        var items = before.Items;
        foreach (var member in change.EnumerateObject())
        {
            items = member.Value.ValueKind == JsonValueKind.Null
                ? items.Remove(member.Name)
                : items.SetItem(member.Name, GraphJson.Read<TValue>(member.Value, $"channel '{channel}'"));
        }

        return MergeMap<TValue>.Seal(items);
    }
}
