using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>Terms and how often they occur; parallel counts add up.</summary>
/// <remarks>
/// What is stored is bounded, so that no text outgrows an entry of the log: of a file the most frequent terms are stored, and of all
/// files together again. What one superstep has counted is added up as a whole before that, so that the counts are true as long as
/// each file's terms fit: some 200,000 of English, more than prose as large as a file may be has. Only terms that are rare in a file
/// with more of them, such as a dump of words, can come out too low.
/// </remarks>
internal sealed class TermCounts : IMergeable<TermCounts>, IEquatable<TermCounts>
{
    /// <summary>How large what is stored may be as JSON. A superstep may write 8 MiB, and has the other counts to write, too.</summary>
    internal const int MaxStoredBytes = 3 << 20;

    /// <summary>Takes counts.</summary>
    /// <param name="counts">How often each term occurs.</param>
    public TermCounts(ImmutableSortedDictionary<string, long> counts) => Counted = counts;

    /// <summary>Gets the counts that are stored; the same in every process.</summary>
    public ImmutableSortedDictionary<string, long> Counts
    {
        get => Stored(Counted);
        init => Counted = value;
    }

    /// <summary>Gets all that was counted, which lives no longer than the superstep that adds it up.</summary>
    [JsonIgnore]
    internal ImmutableSortedDictionary<string, long> Counted { get; private init; }

    internal static TermCounts Empty { get; } = new(ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal));

    public static TermCounts Merge(TermCounts before, TermCounts current, TermCounts incoming)
    {
        var sum = current.Counted.ToBuilder();
        foreach (var (term, count) in incoming.Counted)
        {
            sum[term] = sum.GetValueOrDefault(term) + count - before.Counted.GetValueOrDefault(term);
        }

        return new TermCounts(sum.ToImmutable());
    }

    /// <summary>Equal counts are equal values, whatever dictionaries hold them.</summary>
    public bool Equals(TermCounts? other) => other is not null && Counted.SequenceEqual(other.Counted);

    public override bool Equals(object? obj) => Equals(obj as TermCounts);

    public override int GetHashCode() => Counted.Count;

    /// <summary>Chooses the terms that occur most often; of equal ones the first in ordinal order.</summary>
    internal static IEnumerable<TermCount> Top(IEnumerable<KeyValuePair<string, long>> counts, int count) =>
        MostFrequentFirst(counts).Take(count).Select(pair => new TermCount(pair.Key, pair.Value));

    private static IEnumerable<KeyValuePair<string, long>> MostFrequentFirst(IEnumerable<KeyValuePair<string, long>> counts) =>
        counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal);

    private static ImmutableSortedDictionary<string, long> Stored(ImmutableSortedDictionary<string, long> counts)
    {
        if (counts.Sum(BytesOf) <= MaxStoredBytes)
        {
            return counts;
        }

        var bytes = 0L;
        return MostFrequentFirst(counts)
            .TakeWhile(pair => (bytes += BytesOf(pair)) <= MaxStoredBytes)
            .ToImmutableSortedDictionary(StringComparer.Ordinal);
    }

    /// <summary>Bounds what a member takes in JSON: a letter beyond ASCII may be written as an escape of six bytes.</summary>
    private static long BytesOf(KeyValuePair<string, long> pair) =>
        pair.Key.Sum(letter => char.IsAscii(letter) ? 1 : 6)
        + pair.Value.ToString(CultureInfo.InvariantCulture).Length
        + "\"\":,".Length;
}
