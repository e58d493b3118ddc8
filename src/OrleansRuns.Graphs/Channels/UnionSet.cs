using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.Contracts;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>A set that nodes add to and remove from; the changes of parallel nodes are united. A value: a change gives a new set.</summary>
/// <typeparam name="T">The type of the items; the same to a set when their JSON is.</typeparam>
[JsonConverter(typeof(ChannelValueConverterFactory))]
public readonly struct UnionSet<T> : IReadOnlyCollection<T>, IEquatable<UnionSet<T>>, IChannelValue
{
    private readonly ImmutableHashSet<T>? _given;
    private readonly ImmutableHashSet<T>? _items;

    private UnionSet(ImmutableHashSet<T>? given, ImmutableHashSet<T>? items)
    {
        _given = given;
        _items = items;
    }

    /// <inheritdoc/>
    public int Count => Items.Count;

    internal ImmutableHashSet<T> Items => _items ?? Given;

    /// <summary>Gets the set without items, which every other is made from.</summary>
    internal static ImmutableHashSet<T> Nothing { get; } = ImmutableHashSet.Create<T>(StoredEquality<T>.Instance);

    private ImmutableHashSet<T> Given => _given ?? Nothing;

    /// <summary>Tells whether two sets hold equal items.</summary>
    public static bool operator ==(UnionSet<T> left, UnionSet<T> right) => left.Equals(right);

    /// <summary>Tells whether two sets hold different items.</summary>
    public static bool operator !=(UnionSet<T> left, UnionSet<T> right) => !left.Equals(right);

    /// <summary>Gives the set with an item; the same set when it has it.</summary>
    [Pure]
    public UnionSet<T> With(T item) => new(_given, Items.Add(item));

    /// <summary>Gives the set without an item; the same set when it has it not.</summary>
    [Pure]
    public UnionSet<T> Without(T item) => new(_given, Items.Remove(item));

    /// <summary>Tells whether the set has an item.</summary>
    public bool Contains(T item) => Items.Contains(item);

    /// <summary>Enumerates the items in the order of their JSON, which is the same in every process; that of a hash set is not.</summary>
    public IEnumerator<T> GetEnumerator() => Texts(GraphJson.Lenient).Select(pair => pair.Item).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(UnionSet<T> other) => Items.SetEquals(other.Items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is UnionSet<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Items.Aggregate(0, (hash, item) => hash ^ StoredEquality<T>.Instance.GetHashCode(item));

    /// <summary>Gets the items with their JSON, in its order.</summary>
    internal IEnumerable<(T Item, string Text)> Texts(JsonSerializerOptions options) => Items
        .Select(item => (Item: item, Text: JsonSerializer.Serialize(item, options)))
        .OrderBy(pair => pair.Text, StringComparer.Ordinal);

    internal static UnionSet<T> Seal(ImmutableHashSet<T> items) => new(items, null);

    internal static UnionSet<T> Seal(IEnumerable<T> items) => new(Nothing.Union(items), null);

    internal bool DescendsFrom(UnionSet<T> given) => ReferenceEquals(Given, given.Given);

    internal (ImmutableHashSet<T> Added, ImmutableHashSet<T> Removed) Changes() =>
        ReferenceEquals(Items, Given) ? (Nothing, Nothing) : (Items.Except(Given), Given.Except(Items));
}
