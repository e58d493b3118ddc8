using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>Types with <c>[JsonDerivedType]</c>: whether a value of each derived type comes back as what it was.</summary>
internal static class PolymorphicTypes
{
    /// <summary>Tells whether there is no value of the type itself, only of those derived from it.</summary>
    internal static bool IsBaseOnly(JsonTypeInfo type) => type.Type.IsAbstract && type.PolymorphismOptions is not null;

    /// <summary>Finds what would let a value come back as another type than it was stored as.</summary>
    /// <returns>The end of a sentence that begins with the place, or <see langword="null"/>.</returns>
    internal static string? FindMistake(JsonTypeInfo type)
    {
        if (type.PolymorphismOptions is not { } options)
        {
            return null;
        }

        if (options.DerivedTypes.FirstOrDefault(derived => derived.TypeDiscriminator is null).DerivedType is { } nameless)
        {
            return $"may be a {nameless.Name}, which would be read back as a {type.Type.Name}. "
                + $"Give it a name: [JsonDerivedType(typeof({nameless.Name}), \"name\")].";
        }

        if (options.UnknownDerivedTypeHandling != JsonUnknownDerivedTypeHandling.FailSerialization)
        {
            return $"is a {type.Type.Name} whose [JsonPolymorphic] has {options.UnknownDerivedTypeHandling}, so that a type that is not "
                + "listed would be stored as another. Leave it out, and list each type with [JsonDerivedType].";
        }

        return options.IgnoreUnrecognizedTypeDiscriminators
            ? $"is a {type.Type.Name} whose [JsonPolymorphic] ignores names it does not know, so that a value of a newer release would "
                + "lose its type. Leave that out."
            : null;
    }
}
