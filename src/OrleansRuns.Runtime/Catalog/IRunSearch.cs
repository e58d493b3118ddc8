using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Lists the rows of the catalog, as they are durable at the moment of the call.</summary>
public interface IRunSearch
{
    /// <summary>Lists runs that were not rolled back.</summary>
    /// <param name="query">Which, and in what order.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The rows of a page, and one more when there is another page.</returns>
    Task<ImmutableArray<RunSummary>> ListRunsAsync(ListQuery query, CancellationToken cancellationToken);

    /// <summary>Lists threads with the status that <see cref="ThreadSnapshot.Status"/> tells of them.</summary>
    /// <param name="query">Which, and in what order.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The rows of a page, and one more when there is another page; metadata in its stored form.</returns>
    Task<ImmutableArray<ThreadSummary>> ListThreadsAsync(ListQuery query, CancellationToken cancellationToken);

    /// <summary>Gets a thread's metadata in its stored form.</summary>
    /// <returns>The metadata, or <see langword="null"/> when there is no such thread.</returns>
    Task<string?> FindMetadataAsync(string threadId, CancellationToken cancellationToken);

    /// <summary>Replaces a thread's metadata: a compare-and-set.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="known">The stored form that is replaced.</param>
    /// <param name="metadata">The stored form to write.</param>
    /// <param name="cancellationToken">Cancels the call before it is sent.</param>
    /// <returns>Whether the metadata was the known one and is replaced.</returns>
    Task<bool> ReplaceMetadataAsync(string threadId, string known, string metadata, CancellationToken cancellationToken);
}
