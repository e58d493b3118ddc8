using System.Text;

namespace OrleansRuns.AdoNet;

/// <summary>Texts of others, such as the messages of exceptions, as every database stores them.</summary>
internal static class SqlText
{
    /// <summary>How many characters of a message are stored.</summary>
    internal const int MaxLength = 16 * 1024;

    /// <summary>Makes a message storable.</summary>
    /// <remarks>
    /// PostgreSQL refuses U+0000 in a text, and UTF-8 has no half of a surrogate pair. A run whose error has one of them could not end.
    /// </remarks>
    /// <returns>The message with U+FFFD for what cannot be stored, cut off behind <see cref="MaxLength"/> characters.</returns>
    internal static string? Of(string? message)
    {
        if (message is null)
        {
            return null;
        }

        var text = new StringBuilder();
        foreach (var rune in message.AsSpan(0, Math.Min(message.Length, MaxLength)).EnumerateRunes())
        {
            text.Append(rune.Value == 0 ? Rune.ReplacementChar.ToString() : rune.ToString());
        }

        return message.Length > MaxLength ? text.Append('…').ToString() : text.ToString();
    }
}
