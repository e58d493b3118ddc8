using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What is stored follows neither the culture nor the time zone of the machine.</summary>
public sealed class EverywhereTheSameTests
{
    private static readonly StringComparer Backwards = StringComparer.Create(System.Globalization.CultureInfo.InvariantCulture, true);

    [Fact]
    public void Serialize_TextsSortedByACulture_AreStoredInOrdinalOrder()
    {
        var map = ImmutableSortedDictionary.Create<string, int>(Backwards).Add("b", 1).Add("C", 2);
        var set = ImmutableSortedSet.Create<string>(Backwards, "b", "C");

        Assert.Equal("""{"C":2,"b":1}""", JsonSerializer.Serialize(map, GraphJson.Lenient));
        Assert.Equal("""["C","b"]""", JsonSerializer.Serialize(set, GraphJson.Lenient));
    }

    [Fact]
    public void Deserialize_SortedTexts_CompareOrdinally()
    {
        var map = JsonSerializer.Deserialize<ImmutableSortedDictionary<string, int>>("""{"b":1,"C":2}""", GraphJson.Lenient)!;
        var set = JsonSerializer.Deserialize<ImmutableSortedSet<string>>("""["b","C"]""", GraphJson.Lenient)!;

        Assert.Equal(["C", "b"], map.Keys);
        Assert.Equal(["C", "b"], set);
        Assert.Equal((StringComparer.Ordinal, StringComparer.Ordinal), (map.KeyComparer, set.KeyComparer));
    }

    [Theory]
    [InlineData("2026-01-02T12:00:00+09:00", "2026-01-02T03:00:00Z", DateTimeKind.Utc)]
    [InlineData("2026-01-02T12:00:00Z", "2026-01-02T12:00:00Z", DateTimeKind.Utc)]
    [InlineData("2026-01-02T12:00:00", "2026-01-02T12:00:00", DateTimeKind.Unspecified)]
    public void DateTime_AnyZone_IsAMomentOfUtcOrHasNone(string given, string stored, DateTimeKind kind)
    {
        var read = JsonSerializer.Deserialize<DateTime>($"\"{given}\"", GraphJson.Lenient);

        Assert.Equal(kind, read.Kind);
        Assert.Equal($"\"{stored}\"", JsonSerializer.Serialize(read, GraphJson.Lenient));
        var local = DateTime.SpecifyKind(read, DateTimeKind.Local);
        Assert.EndsWith("Z\"", JsonSerializer.Serialize(local, GraphJson.Lenient), StringComparison.Ordinal);
    }

    [Fact]
    public void Schema_TypesThatAreStoredOurWay_AreStillDescribed()
    {
        var schema = GraphCompiler.Compile("timed", new Lambda<TimedState>(graph =>
            graph.AddPath(Node.Start, graph.AddNode("node", (state, _) => state), Node.End))).StateSchema["properties"]!;

        Assert.Equal("""{"type":"string","format":"date-time"}""", schema["at"]!.ToJsonString());
        Assert.Equal("""{"type":["string","null"],"format":"date-time"}""", schema["until"]!.ToJsonString());
        Assert.Equal("""["C"]""", JsonSerializer.Serialize(ImmutableSortedSet.Create("C"), GraphJson.Lenient));
        Assert.Equal("array", schema["names"]!["type"]!.GetValue<string>());
        Assert.Equal("integer", schema["counts"]!["additionalProperties"]!["type"]!.GetValue<string>());
    }

    public sealed record TimedState : GraphState
    {
        public DateTime At { get; init; }

        public DateTime? Until { get; init; }

        public ImmutableSortedSet<string> Names { get; init; } = [];

        public ImmutableSortedDictionary<string, int> Counts { get; init; } = ImmutableSortedDictionary<string, int>.Empty;
    }
}
