using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>Which collections of the base library a state may hold, and what to use instead of the others.</summary>
internal static class CollectionTypes
{
    private static readonly Dictionary<string, string> Unordered = new(StringComparer.Ordinal)
    {
        ["ImmutableHashSet`1"] = "UnionSet or ImmutableSortedSet",
        ["IImmutableSet`1"] = "UnionSet or ImmutableSortedSet",
        ["FrozenSet`1"] = "UnionSet or ImmutableSortedSet",
        ["ImmutableDictionary`2"] = "MergeMap or ImmutableSortedDictionary",
        ["IImmutableDictionary`2"] = "MergeMap or ImmutableSortedDictionary",
        ["FrozenDictionary`2"] = "MergeMap or ImmutableSortedDictionary",
    };

    private static readonly string[] Reversed = ["ImmutableStack`1", "IImmutableStack`1"];

    private static readonly string?[] MutableCollections =
    [
        "System.Collections", "System.Collections.Generic", "System.Collections.Concurrent", "System.Collections.ObjectModel",
        "System.Collections.Specialized",
    ];

    /// <summary>Tells why a type is no good in a state.</summary>
    /// <param name="type">The type.</param>
    /// <param name="isShared">Whether its values are seen by more than one task, so that none may change them.</param>
    /// <returns>What follows the name of the place, or <see langword="null"/> when nothing is wrong with it as a collection.</returns>
    internal static string? FindMistake(Type type, bool isShared) =>
        type.IsOfSystem() && Unordered.GetValueOrDefault(type.Name) is { } ordered
            ? $"has another order in every process, and so other bytes. Use {ordered}."
        : type.IsOfSystem() && Reversed.Contains(type.Name)
            ? "is read back in the reverse order. Use ImmutableList, ImmutableArray or AppendList."
        : isShared && CanChangeInPlace(type)
            ? "can be changed in place. Use ImmutableArray, AppendList, MergeMap, UnionSet or another immutable type."
        : null;

    private static bool CanChangeInPlace(Type type)
    {
        for (var part = type; part is not null; part = part.BaseType)
        {
            if (part.IsArray || part == typeof(JsonNode) || IsMemory(part)
                || (MutableCollections.Contains(part.Namespace) && !IsReadOnly(part)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsMemory(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Memory<>);

    private static bool IsReadOnly(Type collection) =>
        collection.Name.StartsWith("IReadOnly", StringComparison.Ordinal)
        || collection.Name.StartsWith("ReadOnly", StringComparison.Ordinal)
        || collection.Name.StartsWith("IEnumerable", StringComparison.Ordinal)
        || collection.Name.StartsWith("KeyValuePair", StringComparison.Ordinal);
}
