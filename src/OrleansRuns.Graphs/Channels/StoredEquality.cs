using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>When two values are the same to what is stored: when their JSON is.</summary>
/// <remarks>
/// A type's own equality may see differences that JSON does not keep (two arrays with the same items) or miss some that it does (the offset
/// of two equal moments). It decides only where both are known to agree, because it costs less.
/// </remarks>
internal sealed class StoredEquality<T> : IEqualityComparer<T>
{
    /// <summary>Whether equal values of the type have equal JSON, and others have not.</summary>
    private static readonly bool IsExact = IsExactType(Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T));

    internal static StoredEquality<T> Instance { get; } = new();

    /// <summary>Tells at little cost that two values are the same.</summary>
    /// <returns><see langword="false"/> when they differ, or when only their JSON can tell.</returns>
    internal static bool IsSurelySame(T one, T other) =>
        ReferenceEquals(one, other) || ((IsExact || IsImmutableArray) && EqualityComparer<T>.Default.Equals(one, other));

    public bool Equals(T? x, T? y) =>
        x is null || y is null ? x is null && y is null
        : IsSurelySame(x, y) || (!IsExact && string.Equals(Text(x), Text(y), StringComparison.Ordinal));

    public int GetHashCode(T obj) =>
        obj is null ? 0 : IsExact ? EqualityComparer<T>.Default.GetHashCode(obj) : Text(obj).GetHashCode(StringComparison.Ordinal);

    // Its equality is that of the one array behind it.
    private static bool IsImmutableArray { get; } =
        typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(System.Collections.Immutable.ImmutableArray<>);

    private static bool IsExactType(Type type) =>
        (type.IsPrimitive && type != typeof(float) && type != typeof(double)) || type.IsEnum
        || type == typeof(string) || type == typeof(Guid) || type == typeof(TimeSpan) || type == typeof(DateOnly)
        || type == typeof(TimeOnly);

    private static string Text(T value) => JsonSerializer.Serialize(value, GraphJson.Lenient);
}
