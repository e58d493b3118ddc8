using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host.Tests;

/// <summary>docs/operations.md tells of every setting, with its default and its range, and of no other.</summary>
public sealed partial class SettingsTableTests
{
    private const BindingFlags AnyStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Assembly[] Assemblies =
        [typeof(RunsOptions).Assembly, typeof(PostgresRunsOptions).Assembly, typeof(WebOptions).Assembly];

    private static readonly (string Key, string Default, string? Range)[] Settings =
    [
        .. from type in Assemblies.SelectMany(assembly => assembly.GetTypes())
           where type.GetField("Section", AnyStatic) is { IsLiteral: true }
           let section = type.GetField("Section", AnyStatic)!.GetRawConstantValue()
           let options = Activator.CreateInstance(type)
           from property in type.GetProperties()
           where property.SetMethod is { IsPublic: true }
           select ($"{section}:{property.Name}", Text(property.GetValue(options)), RangeOf(property)),
    ];

    private static readonly (string Key, string Default, string Range)[] Told =
    [
        .. Row().Matches(File.ReadAllText(Checkout.PathOf("docs", "operations.md")))
            .Select(row => (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value)),
    ];

    [Fact]
    public void Table_KeysAndDefaults_AreThoseOfTheOptions()
    {
        Assert.NotEmpty(Settings);
        Assert.Equal(
            Settings.Select(setting => $"{setting.Key} = {setting.Default}").Order(StringComparer.Ordinal),
            Told.Select(row => $"{row.Key} = {row.Default}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Table_Ranges_AreThoseThatAreChecked() =>
        Assert.Empty(
            from setting in Settings
            where setting.Range is not null && !Told.Contains((setting.Key, setting.Default, setting.Range))
            select $"| `{setting.Key}` | {setting.Default} | {setting.Range} | is missing");

    private static string? RangeOf(PropertyInfo property) =>
        property.GetCustomAttribute<RangeAttribute>() is { } range ? $"{Text(range.Minimum)} to {Text(range.Maximum)}" : null;

    private static string Text(object? value) => value switch
    {
        null or "" => "none",
        bool truth => truth ? "true" : "false",
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString("#,0.###", CultureInfo.InvariantCulture),
        _ => $"{value}",
    };

    [GeneratedRegex(@"^\| `(OrleansRuns:\w+:\w+)` \| ([^|\n]+) \| ([^|\n]+) \| [^|\n]+ \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
