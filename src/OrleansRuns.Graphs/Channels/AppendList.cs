using System.Collections;
using System.Diagnostics.Contracts;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>A list that nodes append to; the appends of parallel nodes all stay, in task order.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <remarks>
/// A value: appending gives a new list. It remembers what was appended to it, so that a difference is read off and never found by comparing
/// items.
/// </remarks>
[JsonConverter(typeof(ChannelValueConverterFactory))]
public readonly struct AppendList<T> : IReadOnlyList<T>, IEquatable<AppendList<T>>, IChannelValue
{
    private readonly AppendBuffer<T>? _sealed;
    private readonly int _sealedCount;
    private readonly AppendBuffer<T>? _tail;
    private readonly int _tailCount;

    private AppendList(AppendBuffer<T>? @sealed, int sealedCount, AppendBuffer<T>? tail, int tailCount, bool isOverwritten)
    {
        _sealed = @sealed;
        _sealedCount = sealedCount;
        _tail = tail;
        _tailCount = tailCount;
        IsOverwritten = isOverwritten;
    }

    /// <inheritdoc/>
    public int Count => _sealedCount + _tailCount;

    internal bool IsOverwritten { get; }

    internal ReadOnlySpan<T> Tail => _tail is null ? [] : _tail.Items(_tailCount);

    /// <inheritdoc/>
    public T this[int index] => index < 0 || index >= Count
        ? throw new ArgumentOutOfRangeException(nameof(index), index, $"The list has {Count} item(s).")
        : index < _sealedCount ? _sealed![index] : _tail![index - _sealedCount];

    /// <summary>Tells whether two lists hold equal items.</summary>
    public static bool operator ==(AppendList<T> left, AppendList<T> right) => left.Equals(right);

    /// <summary>Tells whether two lists hold different items.</summary>
    public static bool operator !=(AppendList<T> left, AppendList<T> right) => !left.Equals(right);

    /// <summary>Gives the list with one more item at its end.</summary>
    [Pure]
    public AppendList<T> Append(T item)
    {
        var tail = AppendBuffer<T>.Append(_tail, _tailCount, item);
        return new AppendList<T>(_sealed, _sealedCount, tail, _tailCount + 1, IsOverwritten);
    }

    /// <summary>Gives the list with more items at its end.</summary>
    [Pure]
    public AppendList<T> AppendRange(IEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items.Aggregate(this, (list, item) => list.Append(item));
    }

    /// <summary>Gives a list of other items; no other node may write the list in the same superstep.</summary>
    [Pure]
    public AppendList<T> Overwrite(IEnumerable<T> items) => new AppendList<T>(null, 0, null, 0, isOverwritten: true).AppendRange(items);

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        for (var index = 0; index < Count; index++)
        {
            yield return this[index];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(AppendList<T> other) => DescendsFrom(other) && _tailCount == 0 && other._tailCount == 0 || this.SequenceEqual(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AppendList<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, Count == 0 ? default : this[^1]);

    internal static AppendList<T> Seal(IEnumerable<T> items) => default(AppendList<T>).SealedWith(items);

    internal bool DescendsFrom(AppendList<T> given) => ReferenceEquals(_sealed, given._sealed) && _sealedCount == given._sealedCount;

    /// <summary>Appends for good: the items are shared with every list that was sealed before, and copied only when lines part.</summary>
    internal AppendList<T> SealedWith(IEnumerable<T> items)
    {
        var buffer = _sealed;
        var count = _sealedCount;
        foreach (var item in items)
        {
            buffer = AppendBuffer<T>.Append(buffer, count++, item);
        }

        return new AppendList<T>(buffer, count, null, 0, isOverwritten: false);
    }
}

/// <summary>Items that only ever grow, shared by lists of different lengths.</summary>
internal sealed class AppendBuffer<T>
{
    private readonly Lock _lock = new();
    private T[] _items = new T[4];
    private int _count;

    internal T this[int index] => _items[index];

    /// <summary>Appends behind the first <paramref name="count"/> items: in place when no other list has, to a copy otherwise.</summary>
    internal static AppendBuffer<T> Append(AppendBuffer<T>? buffer, int count, T item)
    {
        if (buffer is not null && buffer.TryAppend(count, item))
        {
            return buffer;
        }

        var copy = new AppendBuffer<T> { _items = new T[Math.Max(4, count * 2)], _count = count };
        buffer?.Items(count).CopyTo(copy._items);
        copy.TryAppend(count, item);
        return copy;
    }

    internal ReadOnlySpan<T> Items(int count) => _items.AsSpan(0, count);

    private bool TryAppend(int count, T item)
    {
        lock (_lock)
        {
            if (_count != count)
            {
                return false;
            }

            if (count == _items.Length)
            {
                // Readers hold the old array no longer than one call, and its items never change.
                Array.Resize(ref _items, count * 2);
            }

            _items[count] = item;
            _count = count + 1;
            return true;
        }
    }
}
