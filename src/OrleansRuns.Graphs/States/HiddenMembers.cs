using System.Reflection;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>What an object holds and JSON does not show: fields, and properties that are not public.</summary>
internal static class HiddenMembers
{
    private const string BackingSuffix = ">k__BackingField";

    /// <summary>Finds them by the fields that hold them, of a type and its bases.</summary>
    /// <param name="type">The type.</param>
    /// <param name="upTo">The base that is not looked at any more.</param>
    /// <returns>Each with what it is: "a field", "not public".</returns>
    internal static IEnumerable<(string Name, string Kind)> Of(Type type, Type upTo)
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        for (var part = type; part is not null && part != upTo && part != typeof(ValueType); part = part.BaseType)
        {
            foreach (var field in part.GetFields(Own))
            {
                if (!field.Name.EndsWith(BackingSuffix, StringComparison.Ordinal))
                {
                    yield return (NameOf(field), "a field");
                }
                else if (part.GetProperty(NameOf(field), Own) is { } property && IsHidden(property))
                {
                    yield return (property.Name, "not public");
                }
            }
        }
    }

    private static bool IsHidden(PropertyInfo property) =>
        property.GetMethod?.IsPublic != true
        && !property.IsDefined(typeof(JsonIncludeAttribute))
        && !property.IsDefined(typeof(JsonIgnoreAttribute));

    // The compiler writes "<Name>k__BackingField", and "<name>P" for a parameter of a primary constructor that is used later.
    private static string NameOf(FieldInfo field) =>
        field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
}
