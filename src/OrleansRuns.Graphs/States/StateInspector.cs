using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansRuns.Graphs;

/// <summary>Reads the channels off a state type and finds every mistake in it.</summary>
internal static class StateInspector
{
    private static readonly Type[] TotalTypes =
    [
        typeof(sbyte), typeof(byte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(Int128), typeof(UInt128), typeof(decimal),
    ];

    /// <summary>Inspects a state type.</summary>
    /// <param name="state">The type.</param>
    /// <param name="problems">Receives every mistake that was found.</param>
    /// <returns>The properties that can be read as channels, whatever else is wrong with them, with their names in JSON.</returns>
    internal static ImmutableArray<(string Name, PropertyInfo Property)> Inspect(Type state, ICollection<string> problems)
    {
        if (!state.IsSealed)
        {
            problems.Add($"The state {state.Name} is not sealed. Declare it as 'public sealed record {state.Name} : GraphState'.");
        }

        foreach (var member in HiddenMembers.Of(state, upTo: typeof(GraphState)))
        {
            problems.Add($"'{member.Name}' of {state.Name} is {member.Kind}. Make it a public property with 'get' and 'init'.");
        }

        var properties = state.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        var readable = properties.Where(property => InspectProperty(state, property, problems)).ToList();
        var channels = properties.Where(IsChannel).ToList();
        foreach (var group in channels.GroupBy(JsonName, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            problems.Add($"{state.Name} has several properties whose name in JSON is '{group.Key}', if case is left out. Rename one.");
        }

        if (channels.Count == 0)
        {
            problems.Add($"The state {state.Name} has no property. Give it at least one, with 'get' and 'init'.");
        }

        return [.. readable.Select(property => (JsonName(property), property))];
    }

    /// <summary>Inspects the type of a private argument, which is stored with the task that it is for, and is that task's own.</summary>
    internal static void InspectArgument(Type argument, string node, ICollection<string> problems) =>
        InspectType(argument, $"The argument of node '{node}'", problems, [], isShared: false);

    /// <returns>Whether the property is a channel whose values can be read and written.</returns>
    private static bool InspectProperty(Type state, PropertyInfo property, ICollection<string> problems)
    {
        var place = $"'{property.Name}' of {state.Name}";
        if (property.SetMethod is null)
        {
            // A property without a backing field is computed from the others and no channel.
            if (HasBackingField(property))
            {
                problems.Add($"{place} has no 'init', so that it could not be restored. Give it one, or compute it from other properties.");
            }

            return false;
        }

        if (!IsInit(property))
        {
            problems.Add($"{place} has 'set', so that a node could change a state it shares. Use 'init'.");
        }

        if (property.IsDefined(typeof(JsonIgnoreAttribute)))
        {
            problems.Add($"{place} has [JsonIgnore], so that it would be lost. Use [Untracked] if that is meant.");
            return false;
        }

        var found = problems.Count;
        InspectType(property.PropertyType, place, problems, [], isShared: true);
        if (IsWithoutArray(state, property))
        {
            problems.Add($"{place} is an ImmutableArray without a default, which cannot be read. Write '= []'.");
        }

        return problems.Count == found && IsChannel(property);
    }

    private static bool IsWithoutArray(Type state, PropertyInfo property)
    {
        if (property.PropertyType is not { IsGenericType: true } type || type.GetGenericTypeDefinition() != typeof(ImmutableArray<>)
            || state.GetConstructor(Type.EmptyTypes) is not { } constructor)
        {
            return false;
        }

        try
        {
            return (bool)type.GetProperty("IsDefault")!.GetValue(property.GetValue(constructor.Invoke(null)))!;
        }
        catch (TargetInvocationException)
        {
            // Whoever looks at the defaults tells of it, once.
            return false;
        }
    }

    /// <param name="type">The type.</param>
    /// <param name="place">Where it stands, for the messages.</param>
    /// <param name="problems">Receives every mistake that was found.</param>
    /// <param name="seen">The types that were inspected there.</param>
    /// <param name="isShared">Whether its values are seen by more than one task, so that none may change them.</param>
    private static void InspectType(Type type, string place, ICollection<string> problems, HashSet<Type> seen, bool isShared)
    {
        if (!seen.Add(type))
        {
            return;
        }

        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        if (type == typeof(object))
        {
            problems.Add($"{place} is an 'object', whose type would be lost. Name its type, or use JsonElement.");
        }
        else if (CollectionTypes.FindMistake(type, isShared) is { } mistake)
        {
            problems.Add($"{place} {mistake}");
        }
        else if (definition == typeof(Total<>) && !TotalTypes.Contains(type.GetGenericArguments()[0]))
        {
            problems.Add($"{place} is a total of {type.GetGenericArguments()[0].Name}, which is not exact. Use an integer or decimal.");
        }
        else if (LosesItsMembers(type))
        {
            problems.Add($"{place} is a {TypeName(type)}, whose members JSON would lose. Use a record with 'init' properties.");
        }
        else if (WhyUnreadable(type) is { } reason)
        {
            problems.Add($"{place} is a {TypeName(type)}, which cannot be read from JSON: {reason}");
        }
        else if (PolymorphicTypes.FindMistake(GraphJson.Lenient.GetTypeInfo(type)) is { } confusion)
        {
            problems.Add($"{place} {confusion}");
        }
        else
        {
            foreach (var part in type.IsArray ? [type.GetElementType()!] : type.GetGenericArguments())
            {
                InspectType(part, place, problems, seen, isShared);
            }

            InspectMembers(type, place, problems, seen, isShared);
        }
    }

    private static void InspectMembers(Type type, string place, ICollection<string> problems, HashSet<Type> seen, bool isShared)
    {
        if (!IsAuthored(type))
        {
            return;
        }

        foreach (var member in HiddenMembers.Of(type, upTo: typeof(object)))
        {
            problems.Add($"'{member.Name}' of {TypeName(type)} in {place} is {member.Kind}, which JSON would lose. "
                + "Make it a public property with 'init'.");
        }

        foreach (var member in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (member.SetMethod is not null)
            {
                InspectMember(member, place, problems, seen, isShared);
            }

            // What no caller can set is not written either; a property without a backing field is computed.
            if (member.SetMethod?.IsPublic != true && !member.IsDefined(typeof(JsonIncludeAttribute))
                && !member.IsDefined(typeof(JsonIgnoreAttribute)) && HasBackingField(member))
            {
                problems.Add(
                    $"'{member.Name}' of {TypeName(type)} in {place} has no public 'init', so that it would be lost. Give it one.");
            }
        }

        foreach (var derived in type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false))
        {
            InspectType(derived.DerivedType, place, problems, seen, isShared);
        }
    }

    private static void InspectMember(
        PropertyInfo member, string place, ICollection<string> problems, HashSet<Type> seen, bool isShared)
    {
        var inner = $"'{member.Name}' of {TypeName(member.DeclaringType!)} in {place}";
        if (member.IsDefined(typeof(JsonExtensionDataAttribute)))
        {
            return;
        }

        if (isShared && member.SetMethod!.IsPublic && !IsInit(member))
        {
            problems.Add($"{inner} has 'set', so that a node could change a value it shares. Use 'init'.");
        }

        if (member.IsDefined(typeof(JsonIgnoreAttribute)))
        {
            problems.Add($"{inner} has [JsonIgnore], so that it would be lost. Leave it out of the stored type.");
            return;
        }

        if (typeof(IChannelValue).IsAssignableFrom(member.PropertyType))
        {
            problems.Add($"{inner} is a {member.PropertyType.Name.Split('`')[0]}, which merges only as a property of the state itself.");
            return;
        }

        InspectType(member.PropertyType, inner, problems, seen, isShared);
    }

    private static bool IsChannel(PropertyInfo property) =>
        property.GetIndexParameters().Length == 0 && property.GetMethod is not null && property.SetMethod is not null;

    private static bool HasBackingField(PropertyInfo property) =>
        property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.NonPublic | BindingFlags.Instance) is not null;

    // A tuple or a BigInteger is written as "{}": its members are fields or have no 'init'.
    private static bool LosesItsMembers(Type type) =>
        type.IsOfSystem() && Nullable.GetUnderlyingType(type) is null
        && GraphJson.Lenient.GetTypeInfo(type).Kind == JsonTypeInfoKind.Object;

    /// <summary>Asks the serialiser, which finds some mistakes in a type only when it reads the first object of it.</summary>
    private static string? WhyUnreadable(Type type)
    {
        try
        {
            var info = GraphJson.Lenient.GetTypeInfo(type);
            if (info.Kind != JsonTypeInfoKind.None && !PolymorphicTypes.IsBaseOnly(info))
            {
                JsonSerializer.Deserialize(info.Kind == JsonTypeInfoKind.Enumerable ? "[]" : "{}", type, GraphJson.Lenient);
            }

            return null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A constructor of the author's own that wants more than nothing is no mistake.
            var isOfSerializer = exception.TargetSite?.DeclaringType?.Assembly == typeof(JsonSerializer).Assembly;
            return exception is InvalidOperationException or NotSupportedException && isOfSerializer ? exception.Message : null;
        }
    }

    private static string TypeName(Type type) => type.Name.Split('`')[0];

    private static bool IsAuthored(Type type) =>
        !type.IsPrimitive && !type.IsEnum && type != typeof(string) && !typeof(IChannelValue).IsAssignableFrom(type)
        && !type.IsOfSystem()
        && !type.IsDefined(typeof(JsonConverterAttribute));

    private static bool IsInit(PropertyInfo property) =>
        property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    internal static string JsonName(PropertyInfo property) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
