namespace OrleansRuns.Runtime;

/// <summary>The state before a run cannot be restored. Nothing was changed.</summary>
internal sealed class RollbackImpossibleException(string runId, string reason, Exception? inner = null)
    : Exception(
        $"Run '{runId}' was not rolled back: {reason} Its checkpoints stay; fork an earlier one, or edit the state.", inner);

/// <summary>
/// Writes the last entry of a run that does not execute: how it ended, and if it is to be rolled back, what its thread was before it.
/// </summary>
/// <remarks>
/// The entry claims the log in the name of the run's newest attempt, so that whoever still executes that attempt is fenced. A rollback
/// repeats the state in front of the run's first entry as it was stored. Its checkpoint keeps its id, so that questions that waited
/// before the run wait again under the same ids. Nothing is removed.
/// </remarks>
internal sealed class RunClosing(IThreadLogStore store, IRunCatalog catalog, TimeProvider time)
{
    private const int MaxTries = 100;
    private const string Suffix = "/end";

    /// <summary>Closes the log of a run, unless that is done.</summary>
    /// <param name="run">The run; it has begun, is not final and holds its thread's slot.</param>
    /// <param name="end">How it ends.</param>
    /// <param name="rollBack">Whether the thread returns to its state before the run.</param>
    /// <param name="cancellationToken">Cancels before the append.</param>
    /// <returns>How the log says the run's newest attempt ended: as asked, or as it had done itself before.</returns>
    /// <exception cref="RollbackImpossibleException">The state before the run cannot be established. Nothing was written.</exception>
    /// <exception cref="FencedException">Another attempt, or another run, has the log. Nothing was written.</exception>
    /// <exception cref="LogUnavailableException">The database did not answer; the same call may be made again.</exception>
    internal async Task<EndLogRecord> CloseAsync(RunRow run, EndLogRecord end, bool rollBack, CancellationToken cancellationToken)
    {
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            var line = await store.ReadLineAsync(run.LogId, null, cancellationToken);
            var view = LogView.Of(line);
            if (await IsTakenOverAsync(run, view, cancellationToken))
            {
                throw new FencedException(run.LogId, view.NextPosition);
            }

            if (IsClosed(run, line, view, rollBack))
            {
                return view.End!;
            }

            var entry = Entry(run, view, end, time.GetUtcNow());
            entry = rollBack ? await RollBackAsync(run, entry, view, cancellationToken) : entry;
            if (await AppendAsync(run, view.NextPosition, entry, cancellationToken))
            {
                return entry.Records.OfType<EndLogRecord>().Single();
            }
        }

        throw new LogUnavailableException($"Run '{run.RunId}' could not be closed: another writer came first {MaxTries} times.");
    }

    /// <summary>
    /// Tells whether what is known of the run is old: it has gone on in a later attempt, or another run has come after it. Closing it
    /// would fence whoever has the log now.
    /// </summary>
    /// <remarks>
    /// A log that another run has claimed does not tell whether that came before this one or after it. The row does, read after the log:
    /// a thread passes on to the next run only with the final status of the one before.
    /// </remarks>
    private async Task<bool> IsTakenOverAsync(RunRow run, LogView view, CancellationToken cancellationToken)
    {
        if (view.ClaimedBy == run.RunId)
        {
            return view.ClaimedAttempt > run.Attempt;
        }

        var row = await catalog.FindRunAsync(run.RunId, cancellationToken);
        return row is null || row.IsFinal || row.Attempt != run.Attempt;
    }

    private static bool IsClosed(RunRow run, IReadOnlyList<StoredEntry> line, LogView view, bool rollBack) =>
        view.ClaimedBy == run.RunId
        && view.End is not null
        && (rollBack ? line[^1].Entry.Supersedes is not null : view.ClaimedAttempt == run.Attempt);

    /// <summary>Tells whether an entry closes a log from outside of the attempt that it names.</summary>
    internal static bool IsClosing(LogEntry entry) => entry.AppendId.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Makes the entry that closes a log.</summary>
    internal static LogEntry Entry(RunRow run, LogView view, EndLogRecord end, DateTimeOffset now)
    {
        var next = view.ClaimedBy == run.RunId ? view.NextEvent : 0;
        return new LogEntry
        {
            AppendId = $"{run.RunId}/{run.Attempt}{Suffix}",
            RunId = run.RunId,
            Attempt = run.Attempt,
            At = now > view.At ? now : view.At,
            NextEvent = next,
            // It tells nothing, and says so: whoever looks for a number finds it in front of here.
            Events = new LogEvents { First = next },
            IsBase = view.NextPosition == 0,
            Records = [Claim(run, view), end with { CheckpointId = view.Root?.CheckpointId }],
        };
    }

    /// <summary>Makes the claim of an attempt that ends before its own: without it, its end would be another run's.</summary>
    internal static ClaimLogRecord Claim(RunRow run, LogView view) =>
        view.ClaimedBy == run.RunId ? view.Claim! with { Owner = run.Owner! } : new ClaimLogRecord
        {
            Owner = run.Owner!,
            Graph = run.Graph,
            Fingerprint = run.Fingerprint,
            StartPosition = view.NextPosition,
        };

    private async Task<LogEntry> RollBackAsync(RunRow run, LogEntry entry, LogView view, CancellationToken cancellationToken)
    {
        var claim = (ClaimLogRecord)entry.Records[0];
        var end = (EndLogRecord)entry.Records[1];
        var before = LogView.Empty;
        if (claim.StartPosition > 0)
        {
            var line = await store.ReadLineAsync(run.LogId, claim.StartPosition - 1, cancellationToken);
            before = LogView.Of(line);
            if (line.IsEmpty)
            {
                throw new RollbackImpossibleException(
                    run.RunId, $"what its thread was before it, below position {claim.StartPosition} of the log, is gone.");
            }
        }

        return entry with
        {
            AppendId = $"{run.RunId}/{run.Attempt}/rollback",
            IsBase = true,
            Supersedes = claim.StartPosition,
            Records = [claim, .. before.Repeat(), end with { CheckpointId = before.Root?.CheckpointId }],
            Changes = [],
        };
    }

    private async Task<bool> AppendAsync(RunRow run, long position, LogEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            return (await store.AppendAsync(run.LogId, position, entry, cancellationToken)).IsAppended;
        }
        catch (LogEntryTooLargeException exception)
        {
            throw new RollbackImpossibleException(run.RunId, exception.Message, exception);
        }
    }
}
