using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>A plain property: the last value stays, and two nodes of a superstep may only write the same one.</summary>
internal sealed class LastValueRules<TValue> : ChannelRules<TValue>
{
    internal override string Kind => "last_value";

    internal override JsonElement? Diff(TValue given, TValue returned, string? taskId, string place) =>
        Difference(given, returned, place);

    internal override (TValue Value, ChannelOperation Operation) Fold(
        TValue before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        var value = deltas[0].Value;
        if (deltas.Any(delta => !JsonElement.DeepEquals(delta.Value, value)))
        {
            throw Conflict(
                channel,
                deltas,
                "It holds one value, and theirs differ. "
                + "Declare it as AppendList, Total, UnionSet, MergeMap or IMergeable, or let one node write it.");
        }

        return (GraphJson.Read<TValue>(value, $"channel '{channel}'"), new ChannelOperation(ChannelOperation.Set, value));
    }

    internal override void CheckInput(JsonElement delta, string what, string path) => GraphJson.ReadInput<TValue>(delta, what, path);
}

/// <summary>A property with a merge of its author's own; stored as the folded value, so that replay runs no user code.</summary>
internal sealed class MergeableRules<TValue> : ChannelRules<TValue>
    where TValue : IMergeable<TValue>
{
    internal override string Kind => "mergeable";

    internal override JsonElement? Diff(TValue given, TValue returned, string? taskId, string place) =>
        Difference(given, returned, place);

    internal override (TValue Value, ChannelOperation Operation) Fold(
        TValue before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        var what = $"channel '{channel}'";
        var merged = deltas.Aggregate(
            before, (current, delta) => Merge(before, current, GraphJson.Read<TValue>(delta.Value, what), what));
        var value = GraphJson.Serialize(merged, what);
        return (GraphJson.Read<TValue>(value, what), new ChannelOperation(ChannelOperation.Set, value));
    }

    internal override void CheckInput(JsonElement delta, string what, string path) => GraphJson.ReadInput<TValue>(delta, what, path);

    private static TValue Merge(TValue before, TValue current, TValue incoming, string what)
    {
        try
        {
            return TValue.Merge(before, current, incoming);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new GraphUpdateException($"The merge of {what} failed: {exception.Message}", exception);
        }
    }
}
