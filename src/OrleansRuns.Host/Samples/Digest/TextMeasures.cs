using System.Collections.Frozen;

namespace OrleansRuns.Host;

/// <summary>What can be counted in a text. Pure, and the same in every culture.</summary>
/// <param name="Lines">Lines; the last one counts without a line feed, too.</param>
/// <param name="Words">Runs of letters and digits; an apostrophe within belongs to the word.</param>
/// <param name="Sentences">Ends of sentences ('.', '!' or '?' before white space or the end), at least 1.</param>
/// <param name="Syllables">Groups of the vowels a, e, i, o, u and y; a final single e is silent; at least 1 a word.</param>
/// <param name="Terms">Words of 3 to 64 letters that are no stop words, in lower case, with their counts.</param>
internal sealed record TextMeasures(long Lines, long Words, long Sentences, long Syllables, IReadOnlyDictionary<string, long> Terms)
{
    /// <summary>Letters without a space that are more than any word has say as little: data, or a text without spaces.</summary>
    private const int MaxTermLength = 64;

    /// <summary>English function words that say nothing about a text.</summary>
    private static readonly FrozenSet<string> StopWords = (
        "about after all also and any are because been before being between both but can could did does doing each else every few for "
        + "from get had has have having her here him his how into its itself just more most must nor not now off once one only other "
        + "our out over own per same she should since some such than that the their them then there these they this those through too "
        + "two under until upon use used using very was way were what when where which while who why will with within without would "
        + "you your").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Gets the Flesch reading ease: 100 is very easy, 0 very hard; it may lie outside.</summary>
    /// <remarks>
    /// 206.835 - 1.015 (words / sentences) - 84.6 (syllables / words). Rudolf Flesch, "A new readability yardstick", Journal of Applied
    /// Psychology 32 (1948), 221-233. Made for English prose.
    /// </remarks>
    internal double ReadingEase => Words == 0
        ? 0
        : Math.Round(206.835 - (1.015 * Words / Sentences) - (84.6 * Syllables / Words), 1);

    internal static TextMeasures Of(string text)
    {
        long lines = 0, words = 0, sentences = 0, syllables = 0;
        var terms = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsLetterOrDigit(text[at]))
            {
                var word = text[at..EndOfWord(text, at)].ToLowerInvariant();
                words++;
                syllables += SyllablesOf(word);
                if (word.Length is >= 3 and <= MaxTermLength && word.All(char.IsLetter) && !StopWords.Contains(word))
                {
                    terms[word] = terms.GetValueOrDefault(word) + 1;
                }

                at += word.Length - 1;
            }
            else if (text[at] == '\n')
            {
                lines++;
            }
            else if (text[at] is '.' or '!' or '?' && (at + 1 == text.Length || char.IsWhiteSpace(text[at + 1])))
            {
                sentences++;
            }
        }

        lines += text.Length > 0 && text[^1] != '\n' ? 1 : 0;
        return new TextMeasures(lines, words, Math.Max(sentences, 1), syllables, terms);
    }

    private static int EndOfWord(string text, int at)
    {
        while (at < text.Length
            && (char.IsLetterOrDigit(text[at])
                || (text[at] is '\'' or '’' && at + 1 < text.Length && char.IsLetterOrDigit(text[at + 1]))))
        {
            at++;
        }

        return at;
    }

    private static int SyllablesOf(string word)
    {
        var groups = 0;
        var wasVowel = false;
        foreach (var letter in word)
        {
            var isVowel = letter is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';
            groups += isVowel && !wasVowel ? 1 : 0;
            wasVowel = isVowel;
        }

        var isSilent = groups > 1 && word[^1] == 'e' && !(word[^2] is 'a' or 'e' or 'i' or 'o' or 'u' or 'y');
        return Math.Max(groups - (isSilent ? 1 : 0), 1);
    }
}
