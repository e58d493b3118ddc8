using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Contracts;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>A map whose keys parallel nodes set and remove independently. A value: a change gives a new map.</summary>
/// <typeparam name="TValue">The type of the values.</typeparam>
/// <remarks>Keys are compared and ordered ordinally, so that the map has the same bytes in every process.</remarks>
[JsonConverter(typeof(ChannelValueConverterFactory))]
public readonly struct MergeMap<TValue> : IReadOnlyDictionary<string, TValue>, IEquatable<MergeMap<TValue>>, IChannelValue
{
    // No two values are the same to it: one that its type's own equality takes for the old would not be set.
    private static readonly ImmutableSortedDictionary<string, TValue> Empty = ImmutableSortedDictionary.Create<string, TValue>(
        StringComparer.Ordinal, EqualityComparer<TValue>.Create(static (_, _) => false));

    private readonly ImmutableSortedDictionary<string, TValue>? _given;
    private readonly ImmutableSortedDictionary<string, TValue>? _items;
    private readonly ImmutableSortedSet<string>? _changed;

    private MergeMap(
        ImmutableSortedDictionary<string, TValue>? given,
        ImmutableSortedDictionary<string, TValue>? items,
        ImmutableSortedSet<string>? changed)
    {
        _given = given;
        _items = items;
        _changed = changed;
    }

    /// <inheritdoc/>
    public int Count => Items.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => Items.Keys;

    /// <inheritdoc/>
    public IEnumerable<TValue> Values => Items.Values;

    internal ImmutableSortedDictionary<string, TValue> Items => _items ?? Given;

    internal ImmutableSortedSet<string> ChangedKeys => _changed ?? ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private ImmutableSortedDictionary<string, TValue> Given => _given ?? Empty;

    /// <inheritdoc/>
    public TValue this[string key] => Items[key];

    /// <summary>Tells whether two maps hold equal values under equal keys.</summary>
    public static bool operator ==(MergeMap<TValue> left, MergeMap<TValue> right) => left.Equals(right);

    /// <summary>Tells whether two maps differ.</summary>
    public static bool operator !=(MergeMap<TValue> left, MergeMap<TValue> right) => !left.Equals(right);

    /// <summary>Gives the map with a value under a key.</summary>
    [Pure]
    public MergeMap<TValue> With(string key, TValue value)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new MergeMap<TValue>(_given, Items.SetItem(key, value), ChangedKeys.Add(key));
    }

    /// <summary>Gives the map without a key; the same map when it has it not.</summary>
    [Pure]
    public MergeMap<TValue> Without(string key) =>
        Items.ContainsKey(key) ? new MergeMap<TValue>(_given, Items.Remove(key), ChangedKeys.Add(key)) : this;

    /// <inheritdoc/>
    public bool ContainsKey(string key) => Items.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value) => Items.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, TValue>> GetEnumerator() => Items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(MergeMap<TValue> other) => Items.SequenceEqual(other.Items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MergeMap<TValue> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Items.Aggregate(0, (hash, pair) => HashCode.Combine(hash, pair.Key, pair.Value));

    internal static MergeMap<TValue> Seal(ImmutableSortedDictionary<string, TValue> items) => new(items, null, null);

    internal static MergeMap<TValue> Seal(IEnumerable<KeyValuePair<string, TValue>> items) => Seal(Empty.AddRange(items));

    internal bool DescendsFrom(MergeMap<TValue> given) => ReferenceEquals(Given, given.Given);
}
