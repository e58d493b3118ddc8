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

    private Total(T given, T added, T taken, bool isOverwritten)
    {
        _given = given;
        Added = added;
        Taken = taken;
        IsOverwritten = isOverwritten;
    }

    /// <summary>Gets the sum.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public T Value => T.IsZero(Taken) ? Exact.Sum(_given, Added) : Exact.Difference(_given, Taken);

    internal bool IsOverwritten { get; }

    internal T Added { get; }

    /// <summary>Gets what was taken beyond what was added, of a type without negative numbers; else it is in the amount added.</summary>
    internal T Taken { get; }

    /// <summary>Reads the sum.</summary>
    public static implicit operator T(Total<T> total) => total.Value;

    /// <summary>Adds an amount.</summary>
    /// <exception cref="OverflowException">The sum does not fit.</exception>
    public static Total<T> operator +(Total<T> total, T amount)
    {
        if (T.IsZero(total.Taken))
        {
            return total.With(Exact.Sum(total.Added, amount), T.Zero);
        }

        var back = T.Min(total.Taken, amount);
        return total.With(amount - back, total.Taken - back);
    }

    /// <summary>Takes an amount away.</summary>
    /// <exception cref="OverflowException">The difference does not fit.</exception>
    public static Total<T> operator -(Total<T> total, T amount)
    {
        if (Exact.IsSigned<T>())
        {
            return total.With(Exact.Difference(total.Added, amount), T.Zero);
        }

        var back = T.Min(total.Added, amount);
        return total.With(total.Added - back, Exact.Sum(total.Taken, amount - back));
    }

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
    public Total<T> Overwrite(T value) => new(T.Zero, value, T.Zero, isOverwritten: true);

    /// <inheritdoc/>
    public bool Equals(Total<T> other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Total<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(null, CultureInfo.InvariantCulture);

    internal static Total<T> Seal(T value) => new(value, T.Zero, T.Zero, isOverwritten: false);

    internal bool DescendsFrom(Total<T> given) => _given == given._given;

    private Total<T> With(T added, T taken) => new(_given, added, taken, IsOverwritten);
}
