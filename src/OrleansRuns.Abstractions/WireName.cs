using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>The names of enum values outside the program: on the wire, in logs and in SQL.</summary>
public static class WireName
{
    /// <summary>Gets the name of a value, in lower case with underscores.</summary>
    /// <typeparam name="T">An enum whose values have <see cref="JsonStringEnumMemberNameAttribute"/>.</typeparam>
    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.ByValue[value];

    /// <summary>Finds the value of a name.</summary>
    /// <exception cref="FormatException">No value has the name.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum => Names<T>.ByName.TryGetValue(name, out var value)
            ? value
            : throw new FormatException($"'{name}' is no {typeof(T).Name}. There are: {string.Join(", ", Names<T>.ByName.Keys)}.");

    private static class Names<T>
        where T : struct, Enum
    {
        internal static FrozenDictionary<T, string> ByValue { get; } = Enum.GetValues<T>().ToFrozenDictionary(
            value => value,
            value => typeof(T).GetField(value.ToString())!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()!.Name);

        internal static FrozenDictionary<string, T> ByName { get; } =
            ByValue.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
    }
}
