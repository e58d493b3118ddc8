using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>What has to hold of every change of a state and of every merge, for the tests of those who write them.</summary>
/// <remarks>Give it random values, and print the seed that made them.</remarks>
public static class StateLaws
{
    /// <summary>Checks that what a node returns is what is stored and read back: the difference gives the returned state.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <param name="before">The state that the node is given, and what is durable of it.</param>
    /// <param name="change">Returns the state it is given, changed by 'with'. It must give the same twice.</param>
    /// <returns>The state as it is read back, to go on from.</returns>
    /// <exception cref="StateLawException">The state that is read back differs; the message names the channels.</exception>
    /// <exception cref="GraphUpdateException">The returned state cannot be stored, or was not made from the given one.</exception>
    /// <exception cref="GraphBuildException">The state type has mistakes; all of them are listed.</exception>
    public static TState CheckChange<TState>(TState before, Func<TState, TState> change)
        where TState : GraphState, new()
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(change);
        var model = StateModel<TState>.Shared;
        var stored = model.Replay(model.Initial, model.Snapshot(before));
        var given = StateModel<TState>.Give(stored);
        var returned = change(given);
        var update = model.Diff(given, returned, nameof(change), nameof(change));
        var folded = model.Fold(stored, [new ChannelWrite(nameof(change), nameof(change), update)]);
        var after = model.Replay(stored, folded.Operations);
        // What was not written stays, but for what lives for one superstep.
        var readBack = model.ToJson(given);
        foreach (var (channel, value) in model.ToJson(after).Where(pair => update?.TryGetProperty(pair.Key, out _) == true))
        {
            readBack[channel] = value?.DeepClone();
        }

        var lost = model.ToJson(returned)
            .Where(pair => !JsonNode.DeepEquals(pair.Value, readBack[pair.Key]))
            .Select(pair => $"'{pair.Key}' was returned as {Text(pair.Value)} and read back as {Text(readBack[pair.Key])}")
            .ToList();
        return lost.Count == 0
            ? after
            : throw new StateLawException($"What was returned is not what is stored: {string.Join("; ", lost)}.");
    }

    /// <summary>Checks that a merge does not depend on the order in which parallel nodes are merged.</summary>
    /// <typeparam name="TValue">The type with the merge.</typeparam>
    /// <param name="samples">
    /// 2 to 20 values that differ. Each is the value before the superstep once, and any three of them are written in it in any order.
    /// </param>
    /// <exception cref="ArgumentException">There are fewer than 2 values, or more than 20.</exception>
    /// <exception cref="StateLawException">Two orders give different values; the message names the values.</exception>
    public static void CheckMerge<TValue>(IReadOnlyList<TValue> samples)
        where TValue : IMergeable<TValue>
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (samples.Count is < 2 or > 20)
        {
            throw new ArgumentException($"{samples.Count} values were given. Give 2 to 20.", nameof(samples));
        }

        foreach (var before in samples)
        {
            // Whatever was merged so far, the next two may be exchanged: then all may.
            foreach (var current in samples.Select(first => Merge(before, before, first)).Prepend(before))
            {
                foreach (var (one, other) in from one in samples from other in samples select (one, other))
                {
                    CheckOrder(before, current, one, other);
                }
            }
        }
    }

    private static void CheckOrder<TValue>(TValue before, TValue current, TValue one, TValue other)
        where TValue : IMergeable<TValue>
    {
        var oneFirst = Text(Merge(before, Merge(before, current, one), other));
        var otherFirst = Text(Merge(before, Merge(before, current, other), one));
        if (oneFirst != otherFirst)
        {
            throw new StateLawException(
                $"The merge of {typeof(TValue).Name} depends on the order of the nodes. Before: {Text(before)}; merged so far: "
                + $"{Text(current)}. Then {Text(one)} and {Text(other)} give {oneFirst}, but the other way round {otherFirst}.");
        }
    }

    // As in a run: what is merged was stored, and is read back.
    private static TValue Merge<TValue>(TValue before, TValue current, TValue incoming)
        where TValue : IMergeable<TValue>
    {
        var what = typeof(TValue).Name;
        TValue ReadBack(TValue value) => GraphJson.Read<TValue>(GraphJson.Serialize(value, what), what);
        return ReadBack(TValue.Merge(before, current, ReadBack(incoming)));
    }

    private static string Text<TValue>(TValue value) => JsonSerializer.Serialize(value, GraphJson.Lenient);
}
