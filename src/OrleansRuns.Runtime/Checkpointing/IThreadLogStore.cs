using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Stores the entries of thread logs.</summary>
/// <remarks>A log is known by its id, which a thread that was deleted and made again does not share.</remarks>
public interface IThreadLogStore
{
    /// <summary>Appends one entry: a compare-and-set on the log's next position, durable when the task completes.</summary>
    /// <param name="logId">The log: letters, digits and dashes, at most 64 characters.</param>
    /// <param name="position">
    /// The position, from 0. Refused when any entry stands at it or above it, also when lower ones were pruned.
    /// </param>
    /// <param name="entry">The entry. Its <see cref="LogEntry.AppendId"/> tells a lost answer from a lost race.</param>
    /// <param name="cancellationToken">
    /// Gives up before the write is sent. Once it was sent the outcome is awaited, so that cancelling never leaves it unknown.
    /// </param>
    /// <returns>How the append ended.</returns>
    /// <exception cref="LogEntryTooLargeException">The entry is over the limit; nothing was sent.</exception>
    /// <exception cref="LogUnavailableException">The store did not answer and the row could not be read either: the outcome is unknown,
    /// and the same append may be tried again.</exception>
    Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken);

    /// <summary>
    /// Reads, in one query, the entries needed to rebuild the one at a position: from the newest base at or below it up to it, oldest
    /// first.
    /// </summary>
    /// <param name="logId">The log.</param>
    /// <param name="position">The position; <see langword="null"/> for the newest.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The entries; empty when the log or the position does not exist.</returns>
    Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken);

    /// <summary>Reads a page of entries from a position upwards, oldest first.</summary>
    /// <param name="logId">The log.</param>
    /// <param name="from">The first position wanted.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the entries that nothing at a position or above it needs: those below the newest base at or below the position. The
    /// newest entry always stays, and with it everything needed to rebuild it.
    /// </summary>
    /// <returns>How many were removed.</returns>
    Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken);
}

/// <summary>An entry and its place.</summary>
/// <param name="Position">The position in the log, from 0.</param>
/// <param name="Entry">The entry.</param>
/// <param name="StoredBytes">The bytes the row's payload takes in the database.</param>
public sealed record StoredEntry(long Position, LogEntry Entry, int StoredBytes);

/// <summary>How an append ended.</summary>
/// <param name="IsAppended">Whether the entry is durable at its position.</param>
/// <param name="StoredBytes">The bytes the row's payload takes in the database; 0 when it was not appended.</param>
/// <remarks>
/// When it was not appended, another writer's entry stands at the position or above it: this writer is fenced and must stop.
/// </remarks>
public readonly record struct AppendOutcome(bool IsAppended, int StoredBytes);
