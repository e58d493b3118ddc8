using System.Collections;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>Catches a derived type that would be stored as its base and come back as less than it was.</summary>
internal static class StoredTypes
{
    internal static void CheckMembers(JsonTypeInfo type)
    {
        foreach (var member in type.Properties)
        {
            if (!CanLoseItsType(member.PropertyType) && ItemType(member.PropertyType) is not { } item || member.Get is null)
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
        if (value is null)
        {
            return;
        }

        if (CanLoseItsType(declared) && value.GetType() != declared)
        {
            throw new GraphUpdateException(
                $"{place} is declared as {declared.Name} but holds a {value.GetType().Name}, whose own members would be lost. "
                + $"Put [JsonDerivedType] for it on {declared.Name}, or declare the exact type.");
        }

        if (ItemType(declared) is { } item && CanLoseItsType(item) && value is IEnumerable items && !IsDefaultArray(value))
        {
            foreach (var one in items)
            {
                Check(item, one, $"an item of {place}");
            }
        }
    }

    private static bool CanLoseItsType(Type type) =>
        type.IsClass && !type.IsSealed && !type.IsArray && type != typeof(object)
        && type.Namespace?.StartsWith("System", StringComparison.Ordinal) != true
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
