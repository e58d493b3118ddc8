using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

internal sealed class UnionSetRules<T> : ChannelRules<UnionSet<T>>
{
    internal override string Kind => "union_set";

    internal override JsonElement? Diff(UnionSet<T> given, UnionSet<T> returned, string? taskId, string place)
    {
        if (!returned.DescendsFrom(given))
        {
            throw new GraphUpdateException(
                $"The set of {place} was not made from the set of the given state. Use With and Without on that set.");
        }

        var (added, removed) = returned.Changes();
        return added.IsEmpty && removed.IsEmpty ? null : Delta(added, removed, place);
    }

    internal override (UnionSet<T> Value, ChannelOperation Operation) Fold(
        UnionSet<T> before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        var changes = deltas.Select(delta => Read(delta.Value, channel)).ToList();
        var added = changes.Aggregate(UnionSet<T>.Nothing, (all, change) => all.Union(change.Added));
        var removed = changes.Aggregate(UnionSet<T>.Nothing, (all, change) => all.Union(change.Removed));
        if (added.Overlaps(removed))
        {
            var both = string.Join(", ", UnionSet<T>.Seal(added.Intersect(removed)));
            throw Conflict(channel, deltas, $"One adds what another removes: {both}.");
        }

        var delta = deltas.Count == 1 ? deltas[0].Value : Delta(added, removed, $"channel '{channel}'");
        return (Apply(before, added, removed), new ChannelOperation(ChannelOperation.Change, delta));
    }

    internal override UnionSet<T> Replay(UnionSet<T> before, ChannelOperation operation, string channel)
    {
        if (operation.Name != ChannelOperation.Change)
        {
            return base.Replay(before, operation, channel);
        }

        var (added, removed) = Read(operation.Value, channel);
        return Apply(before, added, removed);
    }

    internal override void CheckInput(JsonElement delta, string what, string path)
    {
        if (delta.ValueKind == JsonValueKind.Object)
        {
            GraphJson.ReadInput<SetChange>(delta, what, path);
            return;
        }

        GraphJson.ReadInput<ImmutableArray<T>>(delta, what, path);
    }

    internal override JsonNode DeltaSchema(JsonNode value) => new JsonObject
    {
        ["anyOf"] = new JsonArray(
            value.DeepClone(),
            new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["add"] = value.DeepClone(), ["remove"] = value.DeepClone() },
                ["additionalProperties"] = false,
            }),
    };

    private static UnionSet<T> Apply(UnionSet<T> before, ImmutableHashSet<T> added, ImmutableHashSet<T> removed) =>
        UnionSet<T>.Seal(before.Items.Union(added).Except(removed));

    private static JsonElement Delta(ImmutableHashSet<T> added, ImmutableHashSet<T> removed, string place) =>
        removed.IsEmpty
            ? GraphJson.Serialize(UnionSet<T>.Seal(added), place)
            : GraphJson.Serialize(new SetChange { Add = UnionSet<T>.Seal(added), Remove = UnionSet<T>.Seal(removed) }, place);

    private static (ImmutableHashSet<T> Added, ImmutableHashSet<T> Removed) Read(JsonElement delta, string channel)
    {
        var what = $"channel '{channel}'";
        if (delta.ValueKind == JsonValueKind.Array)
        {
            return (GraphJson.Read<UnionSet<T>>(delta, what).Items, UnionSet<T>.Nothing);
        }

        var change = GraphJson.Read<SetChange>(delta, what);
        return (change.Add.Items, change.Remove.Items);
    }

    private sealed record SetChange
    {
        public UnionSet<T> Add { get; init; }

        public UnionSet<T> Remove { get; init; }
    }
}
