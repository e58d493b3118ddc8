using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Host;

/// <summary>Metadata as it is typed: key=value, any number of them.</summary>
internal static class MetadataPairs
{
    internal static Option<string[]> CreateOption(string description) => new("--metadata")
    {
        Description = description,
        HelpName = "key=value",
    };

    /// <summary>Makes the JSON object of the pairs. A value that is JSON is taken as that, any other as a text.</summary>
    /// <exception cref="UsageException">One is no pair.</exception>
    internal static string? Read(string[]? pairs)
    {
        if (pairs is null or [])
        {
            return null;
        }

        var metadata = new JsonObject();
        foreach (var pair in pairs)
        {
            var end = pair.IndexOf('=', StringComparison.Ordinal);
            if (end < 1)
            {
                throw new UsageException($"--metadata takes key=value, such as team=red; '{pair}' has no key in front of a '='.");
            }

            metadata[pair[..end]] = Value(pair, pair[(end + 1)..]);
        }

        return metadata.ToJsonString();
    }

    private static JsonNode? Value(string pair, string text)
    {
        try
        {
            var value = JsonNode.Parse(text);
            // What its texts hold is looked at only when they are written.
            _ = value?.ToJsonString();
            return value;
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
        catch (InvalidOperationException)
        {
            throw new UsageException($"--metadata '{pair}' has a text with half of a surrogate pair. Leave it out.");
        }
    }
}
