using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>Carries along what is stored inside a value and its type does not know, because an older or a newer program wrote it.</summary>
/// <remarks>
/// Such members stay with the object that was read. A copy made by 'with' is another object and has none of them: only a
/// <c>[JsonExtensionData]</c> property of the type's own, which a copy takes along, keeps them there.
/// </remarks>
internal static class UnknownMembers
{
    // A property's name is its member in JSON, and no author's can be this one.
    private const string Name = "\0unknown";

    private static readonly ConditionalWeakTable<object, Dictionary<string, JsonElement>> Kept = [];

    internal static void Carry(JsonTypeInfo type)
    {
        // A struct is copied wherever it goes, so that nothing can be remembered of it.
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.IsValueType || type.Properties.Any(member => member.IsExtensionData))
        {
            return;
        }

        var members = type.CreateJsonPropertyInfo(typeof(Dictionary<string, JsonElement>), Name);
        members.IsExtensionData = true;
        members.Get = static value => Kept.TryGetValue(value, out var unknown) ? unknown : null;
        members.Set = static (value, unknown) => Kept.AddOrUpdate(value, (Dictionary<string, JsonElement>)unknown!);
        type.Properties.Add(members);
    }
}
