using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>Writes questions, which are only ever shown: an anonymous object is as good as a record.</summary>
internal static class QuestionJson
{
    // An anonymous type has no setters, and would be stored as an empty object by the rules of what is read back.
    private static readonly JsonSerializerOptions Options = new(GraphJson.Lenient) { IgnoreReadOnlyProperties = false };

    internal static JsonElement Write(object? question, string what)
    {
        try
        {
            return JsonSerializer.SerializeToElement(question, Options);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new GraphUpdateException($"The {what} cannot be written as JSON: {exception.Message}", exception);
        }
    }
}
