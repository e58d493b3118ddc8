using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Reads a whole log, also past entries that cannot be read.</summary>
internal sealed class LogReview(IThreadLogStore store)
{
    private const int PageSize = 200;

    internal async Task<LogSummary> ReadAsync(string logId, CancellationToken cancellationToken)
    {
        var ends = ImmutableDictionary.CreateBuilder<string, EndLogRecord>(StringComparer.Ordinal);
        var problems = ImmutableArray.CreateBuilder<string>();
        var view = LogView.Empty;
        var (entries, next, first) = (0L, 0L, 0L);
        while (true)
        {
            var (page, problem) = await ReadPageAsync(logId, next, cancellationToken);
            foreach (var stored in page)
            {
                first = entries == 0 && problems.Count == 0 ? stored.Position : first;
                entries++;
                var isReadable = problems.Count == 0 || stored.Entry.IsBase;
                var isFirst = stored.Position == first;
                if (stored.Entry.IsBase && !isFirst && stored.Position != next)
                {
                    // What stands behind a base can be read all the same, and so nobody else would notice.
                    problems.Add($"The entries at positions {next} to {stored.Position - 1} of log '{logId}' are missing.");
                }

                if (isReadable && Problem(ref view, stored, isFirst) is { } broken)
                {
                    problems.Add($"The entry at position {stored.Position} of log '{logId}' {broken}.");
                }

                if (stored.Entry.Records.OfType<EndLogRecord>().LastOrDefault() is { } end)
                {
                    ends[stored.Entry.RunId] = end;
                }

                next = stored.Position + 1;
            }

            if (problem is not null)
            {
                problems.Add(problem);
                entries++;
                next++;
            }
            else if (page.IsEmpty)
            {
                var rest = problems.Count == 0 ? ThreadRest.Of(view) : null;
                return new LogSummary(entries, first == 0 && problems.Count == 0, ends.ToImmutable(), problems.ToImmutable(), rest);
            }
        }
    }

    /// <summary>Folds an entry in, unless it does not follow.</summary>
    private static string? Problem(ref LogView view, StoredEntry stored, bool isFirst)
    {
        if (!stored.Entry.IsBase && (isFirst || stored.Position != view.NextPosition))
        {
            return $"follows position {view.NextPosition - 1}, and it repeats nothing of what is missing in between";
        }

        try
        {
            view = (stored.Entry.IsBase ? LogView.Empty : view).With(stored.Position, stored.Entry, stored.StoredBytes);
            return null;
        }
        catch (Exception exception) when (LogView.IsUnreadable(exception))
        {
            return $"does not fit those before it: {exception.Message}";
        }
    }

    /// <summary>Reads entries up to one that cannot be read, and says why not.</summary>
    private async Task<(ImmutableArray<StoredEntry> Page, string? Problem)> ReadPageAsync(
        string logId, long from, CancellationToken cancellationToken)
    {
        for (var size = PageSize; ;)
        {
            try
            {
                return (await store.ReadPageAsync(logId, from, size, cancellationToken), null);
            }
            catch (InvalidDataException) when (size > 1)
            {
                // One of the page is broken. Smaller pages find it, and what stands in front of it.
                size = Math.Max(size / 4, 1);
            }
            catch (InvalidDataException exception)
            {
                return ([], exception.Message);
            }
        }
    }
}
