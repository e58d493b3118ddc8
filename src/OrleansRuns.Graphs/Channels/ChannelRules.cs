using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>What one task wrote to one channel.</summary>
internal readonly record struct ChannelDelta(string Node, JsonElement Value);

/// <summary>A built-in operation on a channel, as a checkpoint stores it.</summary>
internal readonly record struct ChannelOperation(string Name, JsonElement Value)
{
    internal const string Set = "set";
    internal const string Append = "append";
    internal const string Change = "change";
    internal const string Apply = "apply";
}

/// <summary>How values of one kind of channel differ, merge and are replayed. Pure.</summary>
internal abstract class ChannelRules<TValue>
{
    /// <summary>Gets the name of the kind, stored with every operation so that a changed property cannot reinterpret old ones.</summary>
    internal abstract string Kind { get; }

    /// <summary>Reads off what a node wrote.</summary>
    /// <param name="given">The value the node was given.</param>
    /// <param name="returned">The value it returned.</param>
    /// <param name="taskId">
    /// The task, for ids that follow from it; <see langword="null"/> when whoever applies the delta completes it.
    /// </param>
    /// <param name="place">The channel and the node, for messages.</param>
    /// <returns>The task delta, or <see langword="null"/> for no write.</returns>
    internal abstract JsonElement? Diff(TValue given, TValue returned, string? taskId, string place);

    /// <summary>Merges the deltas of a superstep's tasks, in task order.</summary>
    internal abstract (TValue Value, ChannelOperation Operation) Fold(TValue before, IReadOnlyList<ChannelDelta> deltas, string channel);

    /// <summary>Shows what one task's delta makes of a value, to the code that chooses where to go next. Nothing is kept of it.</summary>
    internal virtual TValue Peek(TValue before, ChannelDelta delta, string channel) => Fold(before, [delta], channel).Value;

    /// <summary>Checks a delta that a caller gave.</summary>
    /// <exception cref="GraphInputException">It does not fit.</exception>
    internal abstract void CheckInput(JsonElement delta, string what, string path);

    /// <summary>Gives what came from outside the ids that the writes of a node get by themselves.</summary>
    /// <param name="delta">A delta, or a whole value, that fits.</param>
    /// <param name="taskId">What the ids follow from.</param>
    internal virtual JsonElement Complete(JsonElement delta, string taskId) => delta;

    /// <summary>Gets the JSON schema of a task delta, made from the schema of the value.</summary>
    internal virtual JsonNode DeltaSchema(JsonNode value) => value;

    /// <summary>Replays a stored operation of this kind that is not "set".</summary>
    internal virtual TValue Replay(TValue before, ChannelOperation operation, string channel) =>
        throw new GraphUpdateException(
            $"Channel '{channel}' was stored with the operation '{operation.Name}', which a channel of kind '{Kind}' does not know.");

    /// <summary>Gets a value, unless what is stored of it is the same as of the given one.</summary>
    private protected static JsonElement? Difference<T>(T given, T returned, string place)
    {
        if (StoredEquality<T>.IsSurelySame(given, returned))
        {
            return null;
        }

        var value = GraphJson.Serialize(returned, place);
        return JsonElement.DeepEquals(GraphJson.Serialize(given, place), value) ? null : value;
    }

    private protected static GraphUpdateException Conflict(string channel, IEnumerable<ChannelDelta> deltas, string advice) =>
        new($"The nodes {string.Join(" and ", deltas.Select(delta => $"'{delta.Node}'").Distinct())} wrote channel '{channel}' "
            + $"in the same superstep. {advice}");
}

/// <summary>The form of a delta that replaces what there was.</summary>
internal static class OverwriteDelta
{
    private const string Member = "__overwrite__";

    internal static JsonElement Create(JsonElement value) =>
        JsonSerializer.SerializeToElement(new JsonObject { [Member] = JsonNode.Parse(value.GetRawText()) });

    internal static bool TryRead(JsonElement delta, out JsonElement value)
    {
        value = default;
        return delta.ValueKind == JsonValueKind.Object && delta.TryGetProperty(Member, out value) && delta.GetPropertyCount() == 1;
    }

    internal static JsonObject Schema(JsonNode value) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject { [Member] = value.DeepClone() },
        ["required"] = new JsonArray(Member),
        ["additionalProperties"] = false,
    };
}
