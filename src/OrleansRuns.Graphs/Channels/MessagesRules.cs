using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

internal sealed class MessagesRules : ChannelRules<Messages>
{
    private const string RemoveType = Messages.RemoveType;

    internal override string Kind => "messages";

    internal override JsonElement? Diff(Messages given, Messages returned, string? taskId, string place)
    {
        if (!returned.DescendsFrom(given))
        {
            throw new GraphUpdateException(
                $"The conversation of {place} was not made from that of the given state. Use Put, Remove and RemoveAll on that one.");
        }

        if (returned.Operations.IsEmpty)
        {
            return null;
        }

        var delta = new JsonArray();
        foreach (var (index, operation) in returned.Operations.Index())
        {
            delta.Add(operation.Kind switch
            {
                MessageOperationKind.RemoveAll => Removal(Messages.RemoveAllId),
                MessageOperationKind.Remove => Removal(operation.Id!),
                // A random id would make another message of the same one when the node runs again.
                _ => Node(operation.Message! with { Id = operation.Message.Id ?? IdOf(taskId, index) }, place),
            });
        }

        return JsonSerializer.SerializeToElement(delta);
    }

    internal override (Messages Value, ChannelOperation Operation) Fold(
        Messages before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        if (deltas.Count > 1 && deltas.Any(delta => Members(delta.Value).Any(IsRemoveAll)))
        {
            throw Conflict(channel, deltas, "One of them removes all messages, which must be the only write.");
        }

        var value = deltas is [{ Value.ValueKind: JsonValueKind.Array } only]
            ? only.Value
            : JsonSerializer.SerializeToElement(deltas.SelectMany(delta => Members(delta.Value)).ToImmutableArray());
        return (Apply(before, value, channel), new ChannelOperation(ChannelOperation.Apply, value));
    }

    internal override Messages Replay(Messages before, ChannelOperation operation, string channel) =>
        operation.Name == ChannelOperation.Apply ? Apply(before, operation.Value, channel) : base.Replay(before, operation, channel);

    internal override void CheckInput(JsonElement delta, string what, string path)
    {
        foreach (var (index, member) in Members(delta).Index())
        {
            var place = delta.ValueKind == JsonValueKind.Array ? $"{path}[{index}]" : path;
            if (RemovedId(member) is not null)
            {
                continue;
            }

            if (GraphJson.ReadInput<Message?>(member, what, place) is not { Type: not RemoveType, Id: not Messages.RemoveAllId })
            {
                throw new GraphInputException($"At '{place}' {what} does not fit: it is no message, and no removal of one.", place);
            }
        }
    }

    internal override JsonElement Complete(JsonElement delta, string taskId)
    {
        var members = Members(delta);
        return members.All(member => member.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String)
            ? delta
            : JsonSerializer.SerializeToElement(
                new JsonArray([.. members.Index().Select(member => Named(member.Item, member.Index, taskId))]));
    }

    internal override JsonNode DeltaSchema(JsonNode value) =>
        new JsonObject { ["anyOf"] = new JsonArray(value.DeepClone(), value["items"]?.DeepClone()) };

    private static string? IdOf(string? taskId, int index) => taskId is null ? null : $"{taskId}/{index}";

    private static JsonObject Named(JsonElement member, int index, string taskId)
    {
        var named = JsonObject.Create(member)!;
        named["id"] ??= IdOf(taskId, index);
        return named;
    }

    private static Messages Apply(Messages before, JsonElement value, string channel)
    {
        var messages = before;
        foreach (var member in Members(value))
        {
            messages = IsRemoveAll(member) ? messages.RemoveAll()
                : RemovedId(member) is not { } id ? messages.Put(GraphJson.Read<Message>(member, $"channel '{channel}'"))
                : messages.Find(id) is not null ? messages.Remove(id)
                : throw new GraphUpdateException($"Channel '{channel}' has no message '{id}' to remove; it has {messages.Count} messages.");
        }

        return messages.Sealed();
    }

    private static JsonElement[] Members(JsonElement delta) =>
        delta.ValueKind == JsonValueKind.Array ? [.. delta.EnumerateArray()] : [delta];

    private static bool IsRemoveAll(JsonElement member) => RemovedId(member) == Messages.RemoveAllId;

    private static string? RemovedId(JsonElement member) =>
        member.ValueKind == JsonValueKind.Object
        && member.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals(RemoveType)
        && member.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
            ? id.GetString()
            : null;

    private static JsonObject Removal(string id) => new() { ["type"] = RemoveType, ["id"] = id };

    private static JsonNode? Node(Message message, string place) =>
        JsonNode.Parse(GraphJson.Serialize(message, place).GetRawText());
}
