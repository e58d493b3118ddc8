using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>What one task wrote, as it is folded.</summary>
internal readonly record struct ChannelWrite(string Node, string TaskId, JsonElement? Update);

/// <summary>The state after a superstep and the operations that lead to it.</summary>
internal sealed record StateFold<TState>(TState After, ImmutableSortedDictionary<string, JsonElement> Operations);

/// <summary>The channels of a state type: how two states differ, how differences are folded, stored and replayed. Pure.</summary>
internal sealed class StateModel<TState>
    where TState : GraphState, new()
{
    private const string CarriedOperation = "carried";

    private static readonly Func<TState, TState> Clone =
        typeof(TState).GetMethod("<Clone>$")!.CreateDelegate<Func<TState, TState>>();

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

    /// <summary>Gets the state of a new thread.</summary>
    internal TState Initial { get; }

    /// <summary>Gets the names and kinds of the channels, in ordinal order.</summary>
    internal string Shape => string.Join('\n', _channels.Select(channel => channel.Shape));

    internal JsonObject Schema => ObjectSchema(channel => channel.ValueSchema.DeepClone());

    /// <summary>Gets the schema of what a caller may write.</summary>
    internal JsonObject UpdateSchema => ObjectSchema(channel => channel.DeltaSchema);

    /// <summary>Reads the channels off the type.</summary>
    /// <param name="problems">Receives every mistake that was found.</param>
    /// <returns>The model; only usable when no problem was added.</returns>
    internal static StateModel<TState>? Create(ICollection<string> problems)
    {
        var found = problems.Count;
        StateInspector.Inspect(typeof(TState), problems);
        if (problems.Count > found)
        {
            return null;
        }

        var channels = StateInspector.Channels(typeof(TState))
            .Select(pair => Create(pair.Name, pair.Property))
            .OrderBy(channel => channel.Name, StringComparer.Ordinal)
            .ToImmutableArray();
        var model = new StateModel<TState>(channels);
        foreach (var channel in channels)
        {
            foreach (var name in channel.FormerNames.Where(name => model._byName[name] != channel))
            {
                problems.Add(
                    $"'{channel.Name}' of {typeof(TState).Name} has the former name '{name}', which is also that of "
                    + $"'{model._byName[name].Name}'. "
                    + "Two channels cannot read what was stored under one name.");
            }
        }

        var twice = model._channels.Where(channel => !JsonElement.DeepEquals(channel.Value(new TState()), channel.Value(new TState())));
        foreach (var channel in twice)
        {
            problems.Add(
                $"The default of '{channel.Name}' of {typeof(TState).Name} differs from one construction to the next. "
                + "Give it a fixed default, and set what changes in a node.");
        }

        return model;
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
    internal JsonElement? Diff(TState given, TState returned, string node, string taskId)
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

    /// <summary>Merges the writes of a superstep.</summary>
    /// <param name="before">The state before it.</param>
    /// <param name="writes">The writes, in task order.</param>
    /// <param name="isStepOver">Whether the superstep ends with them, and with it what lives for one superstep.</param>
    /// <exception cref="GraphUpdateException">Two writes cannot be merged, or one names an unknown channel.</exception>
    internal StateFold<TState> Fold(TState before, IReadOnlyList<ChannelWrite> writes, bool isStepOver = true)
    {
        var deltas = new SortedDictionary<string, List<ChannelDelta>>(StringComparer.Ordinal);
        foreach (var write in writes.Where(write => write.Update is not null))
        {
            foreach (var member in write.Update!.Value.EnumerateObject())
            {
                var name = Find(member.Name, $"Node '{write.Node}'").Name;
                (deltas.TryGetValue(name, out var list) ? list : deltas[name] = []).Add(new ChannelDelta(write.Node, member.Value));
            }
        }

        var after = Clone(before);
        after.Lineage = null;
        var operations = ImmutableSortedDictionary.CreateBuilder<string, JsonElement>(StringComparer.Ordinal);
        foreach (var channel in _channels)
        {
            var operation = deltas.TryGetValue(channel.Name, out var list) ? channel.Fold(after, list)
                : channel.IsEphemeral && isStepOver ? channel.Reset(after, Initial)
                : null;
            if (operation is not null && !channel.IsUntracked)
            {
                operations.Add(channel.Name, operation.Value);
            }
        }

        return new StateFold<TState>(after, operations.ToImmutable());
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
            operations[name] = JsonSerializer.SerializeToElement(
                new StoredOperation(CarriedOperation, CarriedOperation, stored), GraphJson.Lenient);
        }

        return operations.ToImmutable();
    }

    internal JsonObject ToJson(TState state) =>
        new(_channels.Where(channel => !channel.IsUntracked)
            .Select(channel => KeyValuePair.Create(channel.Name, JsonNode.Parse(channel.Value(state).GetRawText()))));

    /// <summary>Checks what a caller wants to write.</summary>
    /// <param name="update">Task deltas by channel.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="GraphInputException">It does not fit; the message has the path.</exception>
    internal JsonElement CheckUpdate(JsonElement update, string what)
    {
        if (update.ValueKind != JsonValueKind.Object)
        {
            throw new GraphInputException($"At '$' {what} does not fit: an object of channels is needed.", "$");
        }

        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in update.EnumerateObject())
        {
            if (!written.Add(member.Name))
            {
                throw new GraphInputException($"At '$.{member.Name}' {what} names the channel twice.", $"$.{member.Name}");
            }

            if (!_byName.TryGetValue(member.Name, out var channel) || channel.IsUntracked)
            {
                throw new GraphInputException(
                    $"At '$.{member.Name}' {what} names an unknown channel. The channels there are: {Names}.", $"$.{member.Name}");
            }

            channel.CheckInput(member.Value, what);
        }

        return update;
    }

    /// <summary>Finds a channel in stored writes that this state does not have.</summary>
    internal string? Unknown(JsonElement update) =>
        update.EnumerateObject().Select(member => member.Name).FirstOrDefault(name => !_byName.ContainsKey(name));

    private string Names => string.Join(", ", _channels.Where(channel => !channel.IsUntracked).Select(channel => channel.Name));

    private static Channel<TState> Create(string name, PropertyInfo property) =>
        (Channel<TState>)Activator.CreateInstance(
            typeof(Channel<,>).MakeGenericType(typeof(TState), property.PropertyType),
            name,
            property,
            StateInspector.CreateRules(property.PropertyType))!;

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

    private Channel<TState> Find(string name, string writer) =>
        _byName.TryGetValue(name, out var channel)
            ? channel
            : throw new GraphUpdateException($"{writer} wrote the unknown channel '{name}'. The channels there are: {Names}.");

    private JsonObject ObjectSchema(Func<Channel<TState>, JsonNode> schema) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(
            _channels.Where(channel => !channel.IsUntracked)
                .Select(channel => KeyValuePair.Create<string, JsonNode?>(channel.Name, schema(channel)))),
        ["additionalProperties"] = false,
    };
}
