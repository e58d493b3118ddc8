using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host.Tests;

public sealed class TermCountsTests
{
    [Fact]
    public void Merge_MoreThanIsStored_KeepsTheMostFrequentWithTheirTrueCounts()
    {
        var files = Enumerable.Range(0, 10).Select(file => CountsOf(10_000, file)).ToList();

        var merged = Merge(files);

        Assert.All(files, file => Assert.Equal(10_001, file.Counts.Count));
        Assert.InRange(merged.Counts.Count, 10_001, 100_000);
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(merged).Length, 0, TermCounts.MaxStoredBytes + 100);
        Assert.Equal(new TermCount("zebra", files.Count), Assert.Single(TermCounts.Top(merged.Counts, 1)));
        Assert.Equal(merged.Counts, Merge(files.AsEnumerable().Reverse()).Counts);
    }

    [Fact]
    public void Merge_InAnyOrder_GivesTheSame() => StateLaws.CheckMerge([CountsOf(2, 0), CountsOf(3, 0), CountsOf(3, 1)]);

    private static TermCounts Merge(IEnumerable<TermCounts> files) =>
        files.Aggregate(TermCounts.Empty, (current, file) => TermCounts.Merge(TermCounts.Empty, current, file));

    /// <summary>Makes the counts of a file with long terms of its own, and one that all files have.</summary>
    private static TermCounts CountsOf(int terms, int file) => new(Enumerable.Range(0, terms)
        .Select(term => KeyValuePair.Create($"{file}{new string('x', 50)}{term:D5}", 1L))
        .Append(KeyValuePair.Create("zebra", 1L))
        .ToImmutableSortedDictionary(StringComparer.Ordinal));
}
