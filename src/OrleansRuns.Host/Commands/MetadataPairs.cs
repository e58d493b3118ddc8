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

            metadata[pair[..end]] = Value(pair[(end + 1)..]);
        }

        return metadata.ToJsonString();
    }

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
