using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

internal sealed class AppendListRules<T> : ChannelRules<AppendList<T>>
{
    internal override string Kind => "append_list";

    internal override JsonElement? Diff(AppendList<T> given, AppendList<T> returned, string? taskId, string place)
    {
        if (returned.IsOverwritten)
        {
            return Difference(given.ToImmutableArray(), returned.ToImmutableArray(), place) is { } items
                ? OverwriteDelta.Create(items)
                : null;
        }

        if (!returned.DescendsFrom(given))
        {
            throw new GraphUpdateException(
                $"The list of {place} was not made from the list of the given state. Append to that list, or replace it with Overwrite.");
        }

        return returned.Tail.IsEmpty ? null : GraphJson.Serialize(returned.Tail.ToImmutableArray(), place);
    }

    internal override (AppendList<T> Value, ChannelOperation Operation) Fold(
        AppendList<T> before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        if (OverwriteDelta.TryRead(deltas[0].Value, out var items) && deltas.Count == 1)
        {
            return (AppendList<T>.Seal(Read(items, channel)), new ChannelOperation(ChannelOperation.Set, items));
        }

        if (deltas.Any(delta => OverwriteDelta.TryRead(delta.Value, out _)))
        {
            throw Conflict(channel, deltas, "One of them overwrites it, which must be the only write. Let one node overwrite it alone.");
        }

        var value = deltas.Count == 1
            ? deltas[0].Value
            : JsonSerializer.SerializeToElement(deltas.SelectMany(delta => delta.Value.EnumerateArray()).ToImmutableArray());
        return (before.SealedWith(Read(value, channel)), new ChannelOperation(ChannelOperation.Append, value));
    }

    // Sealed items would stand where those of the fold will: the lines would part, and the fold copy the whole list.
    internal override AppendList<T> Peek(AppendList<T> before, ChannelDelta delta, string channel) =>
        OverwriteDelta.TryRead(delta.Value, out _)
            ? base.Peek(before, delta, channel)
            : before.AppendRange(Read(delta.Value, channel));

    internal override AppendList<T> Replay(AppendList<T> before, ChannelOperation operation, string channel) =>
        operation.Name == ChannelOperation.Append
            ? before.SealedWith(Read(operation.Value, channel))
            : base.Replay(before, operation, channel);

    internal override void CheckInput(JsonElement delta, string what, string path) =>
        GraphJson.ReadInput<ImmutableArray<T>>(OverwriteDelta.TryRead(delta, out var items) ? items : delta, what, path);

    internal override JsonNode DeltaSchema(JsonNode value) =>
        new JsonObject { ["anyOf"] = new JsonArray(value.DeepClone(), OverwriteDelta.Schema(value)) };

    private static ImmutableArray<T> Read(JsonElement items, string channel) =>
        GraphJson.Read<ImmutableArray<T>>(items, $"channel '{channel}'");
}
