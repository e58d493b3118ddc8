using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>What one task wrote, as it is folded.</summary>
/// <param name="Node">The node.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Update">The deltas by channel.</param>
/// <param name="Kinds">The kinds the channels had, as far as that was recorded.</param>
internal readonly record struct ChannelWrite(
    string Node, string TaskId, JsonElement? Update, IReadOnlyDictionary<string, string>? Kinds = null);

/// <summary>The state after a superstep and the operations that lead to it.</summary>
internal sealed record StateFold<TState>(TState After, ImmutableSortedDictionary<string, JsonElement> Operations);

/// <summary>The channels of a state type: how two states differ, how differences are folded, stored and replayed. Pure.</summary>
internal sealed partial class StateModel<TState>
    where TState : GraphState, new()
{
    private const string CarriedOperation = "carried";

    private static readonly Func<TState, TState> Clone =
        typeof(TState).GetMethod("<Clone>$")!.CreateDelegate<Func<TState, TState>>();

    private static StateModel<TState>? _shared;

    private readonly ImmutableArray<Channel<TState>> _channels;
    private readonly Dictionary<string, Channel<TState>> _byName;

    private StateModel(ImmutableArray<Channel<TState>> channels)
    {
        _channels = channels;
        _byName = channels.ToDictionary(channel => channel.Name, StringComparer.Ordinal);
        foreach (var channel in channels)
        {
            foreach (var name in channel.FormerNames)
            {
                _byName.TryAdd(name, channel);
            }
        }

        Initial = Sealed(new TState());
    }

    /// <summary>Gets the model of a state that is used outside a graph.</summary>
    /// <exception cref="GraphBuildException">The type has mistakes; all of them are listed.</exception>
    internal static StateModel<TState> Shared
    {
        get
        {
            var problems = new List<string>();
            return _shared ??= Create(problems) ?? throw new GraphBuildException($"State '{typeof(TState).Name}'", problems);
        }
    }

    /// <summary>Gets the state of a new thread.</summary>
    internal TState Initial { get; }

    /// <summary>Gets the names and kinds of the channels, in ordinal order.</summary>
    internal string Shape => string.Join('\n', _channels.Select(channel => channel.Shape));

    /// <summary>Reads the channels off the type.</summary>
    /// <param name="problems">Receives every mistake that was found.</param>
    /// <returns>The model, or <see langword="null"/> when there was a mistake.</returns>
    internal static StateModel<TState>? Create(ICollection<string> problems)
    {
        var found = problems.Count;
        var channels = StateChannels<TState>.Read(problems);
        return problems.Count == found ? new StateModel<TState>(channels) : null;
    }

    /// <summary>Makes the copy that a node is given: what it returns has to descend from it.</summary>
    internal static TState Give(TState state)
    {
        var copy = Clone(state);
        copy.Lineage = new object();
        return copy;
    }

    /// <summary>Reads off what a node wrote.</summary>
    /// <exception cref="GraphUpdateException">The state was not made from the given one, or cannot be stored.</exception>
    internal JsonElement? Diff(TState given, TState returned, string node, string? taskId)
    {
        if (ReferenceEquals(given, returned))
        {
            return null;
        }

        if (returned is null || !ReferenceEquals(given.Lineage, returned.Lineage))
        {
            throw new GraphUpdateException(
                $"Node '{node}' returned a state that was not made from the one it was given. "
                + "Return 'state with { … }' of this call's state; 'new' and a state of another call lose what other nodes wrote.");
        }

        var update = new JsonObject();
        foreach (var channel in _channels)
        {
            if (channel.Diff(given, returned, node, taskId) is { } delta)
            {
                update[channel.Name] = JsonNode.Parse(delta.GetRawText());
            }
        }

        return update.Count == 0 ? null : JsonSerializer.SerializeToElement(update);
    }

    /// <summary>Divides what a task wrote into what may be stored and what only this process may know.</summary>
    internal (JsonElement? Tracked, JsonElement? Untracked) Split(JsonElement? update)
    {
        if (update is not { } members || !_channels.Any(channel => channel.IsUntracked))
        {
            return (update, null);
        }

        var parts = members.EnumerateObject().ToLookup(member => _byName[member.Name].IsUntracked);
        return (Part(parts[false]), Part(parts[true]));
    }

    /// <summary>Gets the kinds of the channels that were written.</summary>
    internal IReadOnlyDictionary<string, string>? Kinds(JsonElement? update) =>
        update?.EnumerateObject().ToDictionary(member => member.Name, member => _byName[member.Name].Kind, StringComparer.Ordinal);

    /// <summary>Merges the writes of a superstep.</summary>
    /// <param name="before">The state before it.</param>
    /// <param name="writes">The writes, in task order.</param>
    /// <exception cref="GraphUpdateException">
    /// Two writes cannot be merged, or one is of a channel that is gone or of another kind.
    /// </exception>
    internal StateFold<TState> Fold(TState before, IReadOnlyList<ChannelWrite> writes)
    {
        var deltas = new SortedDictionary<string, List<ChannelDelta>>(StringComparer.Ordinal);
        foreach (var write in writes.Where(write => write.Update is not null))
        {
            foreach (var member in write.Update!.Value.EnumerateObject())
            {
                var channel = Find(member.Name, $"Node '{write.Node}'");
                if (Misread(member.Name, write.Kinds) is { } kind)
                {
                    throw new GraphUpdateException(
                        $"Node '{write.Node}' wrote channel '{member.Name}' as '{kind}', and it is now '{channel.Kind}', which cannot read "
                        + "that. Give the property another name, or its former type.");
                }

                (deltas.TryGetValue(channel.Name, out var list) ? list : deltas[channel.Name] = [])
                    .Add(new ChannelDelta(write.Node, member.Value));
            }
        }

        var after = Clone(before);
        after.Lineage = null;
        var operations = ImmutableSortedDictionary.CreateBuilder<string, JsonElement>(StringComparer.Ordinal);
        foreach (var channel in _channels)
        {
            var operation = deltas.TryGetValue(channel.Name, out var list) ? channel.Fold(after, list)
                : channel.IsEphemeral ? channel.Reset(after, Initial)
                : null;
            if (operation is not null && !channel.IsUntracked)
            {
                operations.Add(channel.Name, operation.Value);
            }
        }

        return new StateFold<TState>(after, operations.ToImmutable());
    }

    /// <summary>Shows a state with one task's writes, while its superstep is not over: nothing is stored of it.</summary>
    internal TState Peek(TState before, ChannelWrite write)
    {
        var after = Clone(before);
        foreach (var member in write.Update!.Value.EnumerateObject())
        {
            Find(member.Name, $"Node '{write.Node}'").Peek(after, new ChannelDelta(write.Node, member.Value));
        }

        return after;
    }

    /// <summary>Applies stored operations. Runs no user code; what an unknown channel stores is carried along.</summary>
    internal TState Replay(TState before, ImmutableSortedDictionary<string, JsonElement> operations)
    {
        var after = Clone(before);
        after.Lineage = null;
        foreach (var (name, operation) in operations)
        {
            if (_byName.TryGetValue(name, out var channel))
            {
                ReplayEach(operation, one => channel.Replay(after, one));
                continue;
            }

            var carried = after.Carried.GetValueOrDefault(name, []);
            ReplayEach(operation, one => carried = one.GetProperty("op").GetString() == ChannelOperation.Set ? [one] : carried.Add(one));
            after.Carried = after.Carried.SetItem(name, carried);
        }

        return after;
    }

    /// <summary>Makes the first state of a graph from one that was built by code, as it is stored and read back.</summary>
    /// <param name="state">The state.</param>
    /// <param name="taskId">What the ids follow from that it lacks.</param>
    internal TState Enter(TState state, string taskId)
    {
        var after = Clone(Initial);
        foreach (var channel in _channels.Where(channel => !channel.IsUntracked))
        {
            channel.Replay(after, channel.Entering(state, taskId));
        }

        return after;
    }

    /// <summary>Renders the whole state as operations.</summary>
    internal ImmutableSortedDictionary<string, JsonElement> Snapshot(TState state)
    {
        var operations = ImmutableSortedDictionary.CreateBuilder<string, JsonElement>(StringComparer.Ordinal);
        foreach (var channel in _channels.Where(channel => !channel.IsUntracked))
        {
            operations.Add(channel.Name, channel.Snapshot(state));
        }

        foreach (var (name, carried) in state.Carried)
        {
            var stored = JsonSerializer.SerializeToElement(carried);
            operations[name] = new StoredOperation(CarriedOperation, CarriedOperation, stored).ToJson();
        }

        return operations.ToImmutable();
    }

    private string Names => string.Join(", ", _channels.Where(channel => !channel.IsUntracked).Select(channel => channel.Name));

    private static JsonElement? Part(IEnumerable<JsonProperty> members)
    {
        var part = new JsonObject(members.Select(member => KeyValuePair.Create(member.Name, JsonNode.Parse(member.Value.GetRawText()))));
        return part.Count == 0 ? null : JsonSerializer.SerializeToElement(part);
    }

    private static void ReplayEach(JsonElement operation, Action<JsonElement> replay)
    {
        if (operation.GetProperty("op").GetString() != CarriedOperation)
        {
            replay(operation);
            return;
        }

        foreach (var one in operation.GetProperty("value").EnumerateArray())
        {
            replay(one);
        }
    }

    /// <summary>Clears the journals that property initialisers left.</summary>
    private TState Sealed(TState state)
    {
        foreach (var channel in _channels)
        {
            channel.Replay(state, channel.Snapshot(state));
        }

        return state;
    }

    /// <summary>Gets the kind that a channel was written as, if it is of another kind now.</summary>
    private string? Misread(string name, IReadOnlyDictionary<string, string>? kinds) =>
        kinds?.GetValueOrDefault(name) is { } kind && kind != _byName[name].Kind ? kind : null;

    private Channel<TState> Find(string name, string writer) =>
        _byName.TryGetValue(name, out var channel)
            ? channel
            : throw new GraphUpdateException($"{writer} wrote the unknown channel '{name}'. The channels there are: {Names}.");
}
