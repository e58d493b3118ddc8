using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>What a silo does with searches and metadata before a store sees them.</summary>
public static class Searching
{
    /// <summary>Gets the lists of a store.</summary>
    public static IRunLists ListsOf(IRunSearch store) => new RunLists(store);

    /// <summary>Gets the form in which a store keeps metadata.</summary>
    /// <exception cref="InvalidRunRequestException">It is no JSON object, or too large.</exception>
    public static string Stored(string? metadata) => RunRequests.ReadMetadata(metadata).Stored;
}
