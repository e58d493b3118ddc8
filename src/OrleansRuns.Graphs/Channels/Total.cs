using System.Diagnostics.Contracts;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>A sum that nodes add to; the amounts of parallel nodes are all added, exactly. A value: adding gives a new total.</summary>
/// <typeparam name="T">An integer type or <see cref="decimal"/>; amounts that do not fit are an error.</typeparam>
[JsonConverter(typeof(ChannelValueConverterFactory))]
public readonly struct Total<T> : IEquatable<Total<T>>, IChannelValue
    where T : struct, INumber<T>
{
    private readonly T _given;

    private Total(T given, T added, bool isOverwritten)
    {
        _given = given;
        Added = added;
        IsOverwritten = isOverwritten;
    }

    /// <summary>Gets the sum.</summary>
    public T Value => checked(_given + Added);

    internal bool IsOverwritten { get; }

    internal T Added { get; }

    /// <summary>Reads the sum.</summary>
    public static implicit operator T(Total<T> total) => total.Value;

    /// <summary>Adds an amount.</summary>
    /// <exception cref="OverflowException">The sum does not fit.</exception>
    public static Total<T> operator +(Total<T> total, T amount) =>
        new(total._given, checked(total.Added + amount), total.IsOverwritten);

    /// <summary>Takes an amount away.</summary>
    /// <exception cref="OverflowException">The difference does not fit.</exception>
    public static Total<T> operator -(Total<T> total, T amount) =>
        new(total._given, checked(total.Added - amount), total.IsOverwritten);

    /// <summary>Tells whether two totals have the same sum.</summary>
    public static bool operator ==(Total<T> left, Total<T> right) => left.Equals(right);

    /// <summary>Tells whether two totals have different sums.</summary>
    public static bool operator !=(Total<T> left, Total<T> right) => !left.Equals(right);

    /// <summary>Adds an amount.</summary>
    [Pure]
    public Total<T> Add(T amount) => this + amount;

    /// <summary>Takes an amount away.</summary>
    [Pure]
    public Total<T> Subtract(T amount) => this - amount;

    /// <summary>Gives another sum; no other node may write the total in the same superstep.</summary>
    [Pure]
    public Total<T> Overwrite(T value) => new(T.Zero, value, isOverwritten: true);

    /// <inheritdoc/>
    public bool Equals(Total<T> other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Total<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(null, CultureInfo.InvariantCulture);

    internal static Total<T> Seal(T value) => new(value, T.Zero, isOverwritten: false);

    internal bool DescendsFrom(Total<T> given) => _given == given._given;
}
