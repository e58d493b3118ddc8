using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansRuns.Runtime;

/// <summary>The metadata of a run or thread: the members of a JSON object. Pure.</summary>
/// <remarks>
/// It is stored in one normal form, in which equal JSON values are equal texts: members in ordinal order, the last of a name, numbers
/// and strings written in one way. Each member of the object has a line of its own and no line has another break, so that "has this
/// member" means the same everywhere: the text contains the line.
/// </remarks>
internal sealed class MetadataJson
{
    /// <summary>The stored form of no metadata.</summary>
    internal const string Empty = "{}";

    /// <summary>How large metadata may be, in bytes of UTF-8.</summary>
    internal const int MaxBytes = 64 * 1024;

    /// <summary>How many digits a number may have before and after the point, exponents written out.</summary>
    private const int MaxDigits = 300;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ImmutableSortedDictionary<string, string> _members;

    private MetadataJson(ImmutableSortedDictionary<string, string> members) => _members = members;

    /// <summary>Gets the lines, each with a break at both ends, that the stored form has.</summary>
    internal ImmutableArray<string> Lines => [.. _members.Select(member => $"\n{Text(member.Key)}:{member.Value}\n")];

    /// <summary>Gets the stored form.</summary>
    internal string Stored => $"{{{string.Join(',', Lines)}}}";

    /// <summary>Renders a stored form for a caller.</summary>
    internal static string ToJson(string stored) => stored.Replace("\n", "", StringComparison.Ordinal);

    /// <summary>Reads a JSON object.</summary>
    /// <param name="json">The object; <see langword="null"/> for none.</param>
    /// <param name="fail">Makes the exception of what does not fit.</param>
    internal static MetadataJson Read(string? json, Func<string, Exception> fail)
    {
        json ??= Empty;
        if (Encoding.UTF8.GetByteCount(json) is > MaxBytes and var bytes)
        {
            throw fail($"The metadata has {bytes:N0} bytes; at most {MaxBytes:N0} are taken. Put the data into the input instead.");
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new MetadataJson(Members(document.RootElement))
                : throw fail(
                    $"The metadata is a JSON {document.RootElement.ValueKind}, not an object. Send one such as {{\"team\":\"a\"}}.");
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw fail($"The metadata cannot be read: {exception.Message} Send one JSON object such as {{\"team\":\"a\"}}.");
        }
    }

    /// <summary>Replaces members by those of another object; null removes one.</summary>
    internal MetadataJson With(MetadataJson changes) =>
        new(_members.SetItems(changes._members).RemoveRange(changes._members.Where(one => one.Value == "null").Select(one => one.Key)));

    private static ImmutableSortedDictionary<string, string> Members(JsonElement value)
    {
        var members = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            members[Checked(member.Name)] = Normal(member.Value);
        }

        return members.ToImmutable();
    }

    private static string Normal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', Members(value).Select(member => $"{Text(member.Key)}:{member.Value}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Normal))}]",
        JsonValueKind.String => Text(Checked(value.GetString()!)),
        JsonValueKind.Number => Number(value.GetRawText()),
        _ => value.GetRawText(),
    };

    /// <summary>PostgreSQL stores no such character in JSON.</summary>
    private static string Checked(string text) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new FormatException("A text in it has the character U+0000, which cannot be stored.")
        : text;

    private static string Text(string text)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Writing))
        {
            writer.WriteStringValue(text);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Writes a number with neither an exponent nor zeros that say nothing.</summary>
    private static string Number(string raw)
    {
        var parts = raw.Split('e', 'E');
        var exponent = parts.Length == 1 ? BigInteger.Zero : BigInteger.Parse(parts[1].TrimStart('+'), null);
        var isNegative = parts[0].StartsWith('-');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var digits = parts[0].TrimStart('-').Replace(".", "", StringComparison.Ordinal);
        exponent -= point < 0 ? 0 : parts[0].Length - point - 1;
        var kept = digits.TrimEnd('0');
        exponent += digits.Length - kept.Length;
        kept = kept.TrimStart('0');
        if (kept.Length == 0)
        {
            return "0";
        }

        if (exponent + kept.Length > MaxDigits || exponent < -MaxDigits || kept.Length > MaxDigits)
        {
            throw new FormatException($"A number in it has more than {MaxDigits} digits before or after its point; send it as a text.");
        }

        var power = (int)exponent;
        var text = power >= 0
            ? kept + new string('0', power)
            : kept.PadLeft(1 - power, '0') is var padded ? $"{padded[..^-power]}.{padded[^-power..]}" : kept;
        return isNegative ? "-" + text : text;
    }
}
