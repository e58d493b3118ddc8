namespace OrleansRuns.Host.Tests;

public sealed class TextMeasuresTests
{
    public static TheoryData<string, long, long, long, long> Texts => new()
    {
        { "", 0, 0, 1, 0 },
        { "one", 1, 1, 1, 1 },
        { "one\n", 1, 1, 1, 1 },
        { "one\ntwo", 2, 2, 1, 2 },
        { "\n\n", 2, 0, 1, 0 },
        { "The cat sat. The dog ran!", 1, 6, 2, 6 },
        { "Version 1.5 is out.", 1, 5, 1, 6 },
        { "It's the users' choice", 1, 4, 1, 5 },
        { "A table, a cake; the queue", 1, 6, 1, 6 },
        { "Ärger über Öl", 1, 3, 1, 3 },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Of_Text_CountsByHand(string text, long lines, long words, long sentences, long syllables)
    {
        var measured = TextMeasures.Of(text);

        Assert.Equal((lines, words, sentences, syllables), (measured.Lines, measured.Words, measured.Sentences, measured.Syllables));
    }

    [Fact]
    public void Of_Text_CountsTermsInLowerCaseWithoutStopWords()
    {
        var measured = TextMeasures.Of("The Node and the node: two NODES, an edge, x1 and up.");

        Assert.Equal(
            [("edge", 1L), ("node", 2L), ("nodes", 1L)],
            measured.Terms.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void Of_MoreLettersThanAWordHas_IsAWordButNoTerm()
    {
        var measured = TextMeasures.Of($"{new string('a', 64)} {new string('b', 65)}");

        Assert.Equal(2, measured.Words);
        Assert.Equal(new string('a', 64), Assert.Single(measured.Terms).Key);
    }

    [Fact]
    public void ReadingEase_EasySentences_IsFleschsFormula()
    {
        // 6 words, 2 sentences, 6 syllables: 206.835 - 1.015 * 3 - 84.6 * 1.
        Assert.Equal(119.2, TextMeasures.Of("The cat sat. The dog ran!").ReadingEase);
        Assert.Equal(0, TextMeasures.Of("").ReadingEase);
    }

    [Fact]
    public void Merge_ParallelCounts_AddUpInAnyOrder()
    {
        TermCounts Count(string text) => new(TermCounts.Empty.Counts.AddRange(TextMeasures.Of(text).Terms));
        var (one, two) = (Count("edge node node"), Count("node graph"));

        var forward = TermCounts.Merge(TermCounts.Empty, TermCounts.Merge(TermCounts.Empty, TermCounts.Empty, one), two);
        var backward = TermCounts.Merge(TermCounts.Empty, TermCounts.Merge(TermCounts.Empty, TermCounts.Empty, two), one);

        Assert.Equal(forward, backward);
        Assert.Equal(
            [new TermCount("node", 3), new TermCount("edge", 1)], TermCounts.Top(forward.Counts, 2));
    }
}
