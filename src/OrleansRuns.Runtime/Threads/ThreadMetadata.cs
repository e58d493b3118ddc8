using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Changes what threads are found by. Neither a run nor an edit is in the way of it.</summary>
internal sealed class ThreadMetadata(IRunSearch store)
{
    /// <summary>How often a merge is tried that others come before; each of them has succeeded.</summary>
    private const int MaxTries = 100;

    /// <summary>Merges a JSON object into a thread's metadata.</summary>
    /// <returns>The whole metadata as JSON.</returns>
    internal async Task<string> MergeAsync(string threadId, string metadata, CancellationToken cancellationToken)
    {
        var changes = RunRequests.ReadMetadata(metadata);
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            var known = await store.FindMetadataAsync(threadId, cancellationToken) ?? throw new ThreadNotFoundException(threadId);
            var merged = RunRequests.ReadMetadata(RunRequests.ReadMetadata(known).With(changes).Stored).Stored;
            if (merged == known || await store.ReplaceMetadataAsync(threadId, known, merged, cancellationToken))
            {
                return MetadataJson.ToJson(merged);
            }
        }

        throw new LogUnavailableException(
            $"The metadata of thread '{threadId}' was changed by others {MaxTries} times while it was changed here. Try again.");
    }
}
