using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>Finds nulls among items that may not be null. The serialiser checks members, but not what collections hold.</summary>
internal static class NullItems
{
    private static readonly ConcurrentDictionary<Type, Dictionary<string, NullabilityInfo>> Members = new();

    /// <summary>Finds the first null that its declaration does not allow.</summary>
    /// <param name="value">The JSON, which fits the type.</param>
    /// <param name="declared">How the property that takes it is declared.</param>
    /// <param name="path">Its JSON path.</param>
    /// <returns>The null's JSON path, or <see langword="null"/>.</returns>
    internal static string? Find(JsonElement value, NullabilityInfo declared, string path) => value.ValueKind switch
    {
        JsonValueKind.Array when ItemOf(declared) is { } item =>
            First(value.EnumerateArray().Select((one, index) => FindIn(one, item, $"{path}[{index}]"))),
        JsonValueKind.Object when ValueOf(declared) is { } item =>
            First(value.EnumerateObject().Select(member => FindIn(member.Value, item, $"{path}.{member.Name}"))),
        // The forms that overwrite a list or change a set hold lists of the same items.
        JsonValueKind.Object when typeof(IChannelValue).IsAssignableFrom(declared.Type) =>
            First(value.EnumerateObject().Select(member => Find(member.Value, declared, $"{path}.{member.Name}"))),
        JsonValueKind.Object => Find(value, declared.Type, path),
        _ => null,
    };

    /// <summary>Finds the first null among the items of an object's members.</summary>
    internal static string? Find(JsonElement value, Type type, string path)
    {
        if (value.ValueKind != JsonValueKind.Object || type.IsOfSystem())
        {
            return null;
        }

        var members = Members.GetOrAdd(type, MembersOf);
        return First(value.EnumerateObject().Select(member =>
            members.TryGetValue(member.Name, out var declared) ? Find(member.Value, declared, $"{path}.{member.Name}") : null));
    }

    private static string? FindIn(JsonElement item, NullabilityInfo declared, string path) =>
        item.ValueKind != JsonValueKind.Null ? Find(item, declared, path)
        : declared.ReadState == NullabilityState.NotNull && !declared.Type.IsValueType ? path
        : null;

    private static NullabilityInfo? ItemOf(NullabilityInfo declared) =>
        declared.ElementType ?? (declared.GenericTypeArguments is [var only] ? only : null);

    // Of a MergeMap, a null removes the key.
    private static NullabilityInfo? ValueOf(NullabilityInfo declared) =>
        declared.GenericTypeArguments is [_, var value] && declared.Type.IsOfSystem() ? value : null;

    private static Dictionary<string, NullabilityInfo> MembersOf(Type type)
    {
        var context = new NullabilityInfoContext();
        return type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetIndexParameters().Length == 0)
            .GroupBy(StateInspector.JsonName, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => context.Create(group.First()), StringComparer.Ordinal);
    }

    private static string? First(IEnumerable<string?> found) => found.FirstOrDefault(path => path is not null);
}
