using System.Collections;
using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>Catches a derived type that would be stored as its base and come back as less than it was.</summary>
internal static class StoredTypes
{
    private static readonly ConcurrentDictionary<Type, bool> Suspects = new();

    internal static void CheckMembers(JsonTypeInfo type)
    {
        foreach (var member in type.Properties)
        {
            if (!IsSuspect(member.PropertyType) || member.Get is null)
            {
                continue;
            }

            var serialize = member.ShouldSerialize;
            var declared = member.PropertyType;
            var place = $"member '{member.Name}' of {type.Type.Name}";
            member.ShouldSerialize = (owner, value) =>
            {
                Check(declared, value, place);
                return serialize?.Invoke(owner, value) ?? true;
            };
        }
    }

    /// <exception cref="GraphUpdateException">The value's type is derived from the declared one and would be lost.</exception>
    internal static void Check(Type declared, object? value, string place)
    {
        if (value is null || !IsSuspect(declared))
        {
            return;
        }

        if (CanLoseItsType(declared) && value.GetType() != declared)
        {
            throw new GraphUpdateException(
                $"{place} is declared as {declared.Name} but holds a {value.GetType().Name}, whose own members would be lost. "
                + $"Put [JsonDerivedType] for it on {declared.Name}, or declare the exact type.");
        }

        if (IsPair(declared))
        {
            Check(declared.GetGenericArguments()[1], declared.GetProperty("Value")!.GetValue(value), place);
        }
        else if (ItemType(declared) is { } item && value is IEnumerable items && !IsDefaultArray(value))
        {
            foreach (var one in items)
            {
                Check(item, one, $"an item of {place}");
            }
        }
    }

    /// <summary>Tells whether values of a type, or their items, can be of a derived type. Members are looked at by themselves.</summary>
    private static bool IsSuspect(Type type) => Suspects.GetOrAdd(type, static type => IsSuspect(type, []));

    private static bool IsSuspect(Type type, HashSet<Type> seen) =>
        seen.Add(type) && (CanLoseItsType(type)
            || (IsPair(type) ? IsSuspect(type.GetGenericArguments()[1], seen) : ItemType(type) is { } item && IsSuspect(item, seen)));

    private static bool IsPair(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>);

    private static bool CanLoseItsType(Type type) =>
        type.IsClass && !type.IsSealed && !type.IsArray && type != typeof(object)
        && !type.IsOfSystem()
        && !type.IsDefined(typeof(JsonDerivedTypeAttribute), inherit: false)
        && !type.IsDefined(typeof(JsonPolymorphicAttribute), inherit: false)
        && !type.IsDefined(typeof(JsonConverterAttribute), inherit: false);

    private static Type? ItemType(Type type) =>
        type == typeof(string)
            ? null
            : type.GetInterfaces().Append(type)
                .FirstOrDefault(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IEnumerable<>))?
                .GetGenericArguments()[0];

    private static bool IsDefaultArray(object value) =>
        value.GetType() is { IsGenericType: true } type
        && type.GetGenericTypeDefinition() == typeof(System.Collections.Immutable.ImmutableArray<>)
        && (bool)type.GetProperty("IsDefault")!.GetValue(value)!;
}
