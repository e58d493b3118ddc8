using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>One property of a state, with its name in JSON and the rules of its kind.</summary>
internal abstract class Channel<TState>(string name, PropertyInfo property)
{
    internal string Name { get; } = name;

    internal bool IsUntracked { get; } = property.IsDefined(typeof(UntrackedAttribute));

    internal bool IsEphemeral { get; } = property.IsDefined(typeof(EphemeralAttribute));

    internal ImmutableArray<string> FormerNames { get; } =
        [.. property.GetCustomAttributes<FormerNameAttribute>().Select(attribute => attribute.Name)];

    /// <summary>Gets the name of the kind.</summary>
    internal abstract string Kind { get; }

    /// <summary>Gets the kind and the type, for the graph's fingerprint.</summary>
    internal abstract string Shape { get; }

    internal abstract JsonNode ValueSchema { get; }

    internal abstract JsonNode DeltaSchema { get; }

    internal abstract JsonElement? Diff(TState given, TState returned, string node, string? taskId);

    /// <summary>Sets the merged value and returns the operation to store.</summary>
    internal abstract JsonElement Fold(TState state, IReadOnlyList<ChannelDelta> deltas);

    /// <summary>Sets the value as one task's write would leave it.</summary>
    internal abstract void Peek(TState state, ChannelDelta delta);

    /// <summary>Sets a value that a caller gave.</summary>
    /// <exception cref="GraphInputException">It does not fit.</exception>
    internal abstract void Load(TState state, JsonElement value, string what);

    /// <summary>Sets the value of another state; returns the operation to store when that changed anything.</summary>
    internal abstract JsonElement? Reset(TState state, TState initial);

    internal abstract void Replay(TState state, JsonElement operation);

    internal abstract JsonElement Value(TState state);

    internal abstract JsonElement Snapshot(TState state);

    internal abstract void CheckInput(JsonElement delta, string what);

    /// <summary>Gives what came from outside the ids that the writes of a node get by themselves.</summary>
    internal abstract JsonElement Complete(JsonElement delta, string taskId);

    /// <summary>Gets the operation that sets a value which was never stored, with the ids it lacks.</summary>
    internal abstract JsonElement Entering(TState state, string taskId);
}

internal sealed class Channel<TState, TValue> : Channel<TState>
{
    private readonly ChannelRules<TValue> _rules;
    private readonly Func<TState, TValue> _get;
    private readonly Action<TState, TValue> _set;
    private readonly NullabilityInfo _nullability;

    public Channel(string name, PropertyInfo property, ChannelRules<TValue> rules)
        : base(name, property)
    {
        _rules = rules;
        _get = property.GetMethod!.CreateDelegate<Func<TState, TValue>>();
        _set = property.SetMethod!.CreateDelegate<Action<TState, TValue>>();
        _nullability = new NullabilityInfoContext().Create(property);
        ValueSchema = JsonSchemas.Of(SchemaType(typeof(TValue)));
    }

    private bool IsNullable => _nullability.WriteState != NullabilityState.NotNull;

    internal override string Kind => _rules.Kind;

    internal override string Shape => $"{Name}:{Kind}:{typeof(TValue)}";

    internal override JsonNode ValueSchema { get; }

    internal override JsonNode DeltaSchema => _rules.DeltaSchema(ValueSchema.DeepClone());

    internal override JsonElement? Diff(TState given, TState returned, string node, string? taskId)
    {
        var after = _get(returned);
        if (after is null && !IsNullable)
        {
            throw new GraphUpdateException(
                $"Node '{node}' set channel '{Name}' to null, which its type does not allow. Declare it nullable, or set a value.");
        }

        return _rules.Diff(_get(given), after, taskId, $"channel '{Name}' of node '{node}'");
    }

    internal override JsonElement Fold(TState state, IReadOnlyList<ChannelDelta> deltas)
    {
        var (value, operation) = _rules.Fold(_get(state), deltas, Name);
        _set(state, value);
        return Stored(operation);
    }

    internal override void Peek(TState state, ChannelDelta delta) => _set(state, _rules.Peek(_get(state), delta, Name));

    internal override void Load(TState state, JsonElement value, string what) =>
        _set(state, GraphJson.ReadInput<TValue>(value, what, $"$.{Name}"));

    internal override JsonElement? Reset(TState state, TState initial)
    {
        var value = GraphJson.Serialize(_get(initial), Name);
        if (JsonElement.DeepEquals(value, Value(state)))
        {
            return null;
        }

        _set(state, _get(initial));
        return Stored(new ChannelOperation(ChannelOperation.Set, value));
    }

    internal override void Replay(TState state, JsonElement operation)
    {
        var name = operation.GetProperty("op").GetString()!;
        var value = operation.GetProperty("value");
        var kind = operation.GetProperty("type").GetString();
        if (kind != Kind)
        {
            throw new GraphUpdateException(
                $"Channel '{Name}' was stored as '{kind}' and is now '{Kind}', which cannot read the stored operation '{name}'. "
                + "Give the property another name, or its former type.");
        }

        _set(state, name == ChannelOperation.Set
            ? GraphJson.Read<TValue>(value, $"channel '{Name}'")
            : _rules.Replay(_get(state), new ChannelOperation(name, value), Name));
    }

    internal override JsonElement Value(TState state) => GraphJson.Serialize(_get(state), $"channel '{Name}'");

    internal override JsonElement Snapshot(TState state) => Stored(new ChannelOperation(ChannelOperation.Set, Value(state)));

    internal override void CheckInput(JsonElement delta, string what)
    {
        var path = $"$.{Name}";
        if (delta.ValueKind == JsonValueKind.Null && !IsNullable)
        {
            throw new GraphInputException($"At '{path}' {what} is null, which is not allowed there.", path);
        }

        _rules.CheckInput(delta, what, path);
        if (NullItems.Find(delta, _nullability, path) is { } item)
        {
            throw new GraphInputException($"At '{item}' {what} is null, which is not allowed there.", item);
        }
    }

    internal override JsonElement Complete(JsonElement delta, string taskId) => _rules.Complete(delta, taskId);

    internal override JsonElement Entering(TState state, string taskId) =>
        Stored(new ChannelOperation(ChannelOperation.Set, Complete(Value(state), taskId)));

    private static Type SchemaType(Type type) =>
        type == typeof(Messages) ? typeof(Message[])
        : ChannelKind.Of(type) is { } kind ? kind.SchemaOf(type.GetGenericArguments()[0])
        : type;

    private JsonElement Stored(ChannelOperation operation) =>
        new StoredOperation(Kind, operation.Name, operation.Value).ToJson();
}

/// <summary>An operation as a checkpoint holds it.</summary>
internal sealed record StoredOperation(string Type, string Op, JsonElement Value)
{
    // Around a value, and so no part of what limits its depth.
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    internal JsonElement ToJson() => JsonSerializer.SerializeToElement(this, Json);
}
