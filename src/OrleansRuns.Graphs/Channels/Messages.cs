using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.Contracts;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>One message of a conversation.</summary>
public sealed record Message
{
    /// <summary>Gets the message's id; a message without one gets "{task id}/{index}" when it is stored.</summary>
    public string? Id { get; init; }

    /// <summary>Gets who speaks: "human", "ai", "system" or "tool".</summary>
    public required string Type { get; init; }

    /// <summary>Gets the text.</summary>
    public string Content { get; init; } = "";

    /// <summary>Gets the name of the speaker or the tool.</summary>
    public string? Name { get; init; }

    /// <summary>Gets members this program does not know; carried along.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; init; }
}

/// <summary>A conversation, indexed by message id: putting a message replaces the one with its id, or appends. A value.</summary>
[JsonConverter(typeof(MessagesConverter))]
public readonly struct Messages : IReadOnlyCollection<Message>, IEquatable<Messages>, IChannelValue
{
    internal const string RemoveAllId = "__remove_all__";

    /// <summary>What a stored removal says in the place of a speaker.</summary>
    internal const string RemoveType = "remove";

    private readonly MessageIndex? _given;
    private readonly MessageIndex? _items;
    private readonly ImmutableList<MessageOperation>? _operations;

    private Messages(MessageIndex? given, MessageIndex? items, ImmutableList<MessageOperation>? operations)
    {
        _given = given;
        _items = items;
        _operations = operations;
    }

    /// <inheritdoc/>
    public int Count => Items.Count;

    internal ImmutableList<MessageOperation> Operations => _operations ?? [];

    private MessageIndex Items => _items ?? _given ?? MessageIndex.Empty;

    /// <summary>Tells whether two conversations hold equal messages.</summary>
    public static bool operator ==(Messages left, Messages right) => left.Equals(right);

    /// <summary>Tells whether two conversations differ.</summary>
    public static bool operator !=(Messages left, Messages right) => !left.Equals(right);

    /// <summary>Gives the conversation with a message: in the place of the one with its id, or at the end.</summary>
    /// <remarks>A message that is there already as it is given changes nothing.</remarks>
    /// <exception cref="ArgumentException">Its type is "remove", or its id that of the removal of all: how removals are stored.</exception>
    [Pure]
    public Messages Put(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.Type == RemoveType || message.Id == RemoveAllId)
        {
            throw new ArgumentException(
                $"A message of type '{RemoveType}' or with the id '{RemoveAllId}' would be stored as a removal. Use Remove or RemoveAll.",
                nameof(message));
        }

        var isThere = message.Id is { } id && Items.Find(id) is { } known && StoredEquality<Message>.Instance.Equals(known, message);
        return isThere ? this : Then(new MessageOperation(MessageOperationKind.Put, message.Id, message));
    }

    /// <summary>Gives the conversation without a message.</summary>
    /// <exception cref="GraphUpdateException">There is no such message.</exception>
    [Pure]
    public Messages Remove(string id) => Then(new MessageOperation(MessageOperationKind.Remove, id, null));

    /// <summary>Gives an empty conversation; no other node may write it in the same superstep. One that is empty stays as it is.</summary>
    [Pure]
    public Messages RemoveAll() => Count == 0 ? this : Then(new MessageOperation(MessageOperationKind.RemoveAll, null, null));

    /// <summary>Finds a message.</summary>
    public Message? Find(string id) => Items.Find(id);

    /// <inheritdoc/>
    public IEnumerator<Message> GetEnumerator() => Items.All.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Messages other) => this.SequenceEqual(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Messages other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Count;

    internal bool DescendsFrom(Messages given) =>
        ReferenceEquals(_given ?? MessageIndex.Empty, given._given ?? MessageIndex.Empty);

    internal Messages Sealed() => new(Items, null, null);

    internal Messages Then(MessageOperation operation) =>
        new(_given ?? MessageIndex.Empty, Items.Apply(operation), Operations.Add(operation));
}

internal enum MessageOperationKind
{
    Put,
    Remove,
    RemoveAll,
}

internal sealed record MessageOperation(MessageOperationKind Kind, string? Id, Message? Message);

/// <summary>Messages in their order, with an index by id; every change takes logarithmic time.</summary>
internal sealed class MessageIndex
{
    private readonly ImmutableSortedDictionary<long, Message> _byPlace;
    private readonly ImmutableDictionary<string, long> _places;
    private readonly long _nextPlace;

    private MessageIndex(ImmutableSortedDictionary<long, Message> byPlace, ImmutableDictionary<string, long> places, long nextPlace)
    {
        _byPlace = byPlace;
        _places = places;
        _nextPlace = nextPlace;
    }

    internal static MessageIndex Empty { get; } =
        new(ImmutableSortedDictionary<long, Message>.Empty, ImmutableDictionary.Create<string, long>(StringComparer.Ordinal), 0);

    internal int Count => _byPlace.Count;

    internal IEnumerable<Message> All => _byPlace.Values;

    internal Message? Find(string id) => _places.TryGetValue(id, out var place) ? _byPlace[place] : null;

    internal MessageIndex Apply(MessageOperation operation)
    {
        switch (operation.Kind)
        {
            case MessageOperationKind.RemoveAll:
                return Empty;
            case MessageOperationKind.Remove:
                return _places.TryGetValue(operation.Id!, out var removed)
                    ? new MessageIndex(_byPlace.Remove(removed), _places.Remove(operation.Id!), _nextPlace)
                    : throw new GraphUpdateException($"There is no message '{operation.Id}' to remove; the conversation has {Count}.");
            default:
                var message = operation.Message!;
                if (message.Id is not null && _places.TryGetValue(message.Id, out var place))
                {
                    return new MessageIndex(_byPlace.SetItem(place, message), _places, _nextPlace);
                }

                var places = message.Id is null ? _places : _places.Add(message.Id, _nextPlace);
                return new MessageIndex(_byPlace.Add(_nextPlace, message), places, _nextPlace + 1);
        }
    }
}
