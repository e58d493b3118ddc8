using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansRuns.Architecture.Tests;

/// <summary>docs/operations.md tells of every log event and every metric, and of no other.</summary>
public sealed partial class OperationsTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));

    private static readonly (string Id, string Level, string Place)[] Events =
    [
        .. from file in Repository.CSharpFiles("src")
           from attribute in Repository.Parse(file).DescendantNodes().OfType<AttributeSyntax>()
           where attribute.Name.ToString() == "LoggerMessage"
           let arguments = attribute.ArgumentList!.Arguments
           select (arguments[0].ToString(), arguments[1].ToString().Replace("LogLevel.", "", StringComparison.Ordinal),
               Repository.Place(attribute)),
    ];

    [Fact]
    public void LogEvents_Ids_AreUsedOnce()
    {
        Assert.NotEmpty(Events);
        Assert.Empty(
            from told in Events
            group told.Place by told.Id into places
            where places.Count() > 1
            select $"{places.Key}: {string.Join(", ", places)}");
    }

    [Fact]
    public void LogEvents_IdsAndLevels_StandInTheDocument()
    {
        var rows = EventRow().Matches(Document).Select(row => (Id: row.Groups[1].Value, Level: row.Groups[2].Value)).ToList();

        Assert.Equal(rows.Select(row => row.Id).Distinct().Order(StringComparer.Ordinal), rows.Select(row => row.Id));
        Assert.Empty(
            from told in Events
            where !rows.Contains((told.Id, told.Level))
            select $"| {told.Id} | {told.Level} | is missing; see {told.Place}");
        Assert.Empty(rows.Select(row => row.Id).Except(Events.Select(told => told.Id)));
    }

    [Fact]
    public void Metrics_Names_StandInTheDocument()
    {
        var names = Repository.CSharpFiles("src").SelectMany(file => Instrument().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(names);
        Assert.Equal(
            names.Distinct().Order(StringComparer.Ordinal),
            InstrumentRow().Matches(Document).Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^\| ([0-9]{4}) \| (\w+) \| .+ \|$", RegexOptions.Multiline)]
    private static partial Regex EventRow();

    [GeneratedRegex(@"^\| `(orleansruns\.[a-z_.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex InstrumentRow();

    [GeneratedRegex("\"(orleansruns\\.[a-z_.]+)\"")]
    private static partial Regex Instrument();
}
