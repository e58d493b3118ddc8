namespace OrleansRuns.Runtime;

/// <summary>Finds the entry of a run that tells an event.</summary>
internal sealed class RunLogSearch(IThreadLogStore log, ThreadReader threads, RunRow run)
{
    private long? _first;
    private long? _last;

    /// <summary>Finds the last entry of the run whose events do not begin above a number, or else its first entry.</summary>
    /// <returns>
    /// What the log says before the entry; a page that begins with it, or is empty when the log has no entry of the run; and whether
    /// nothing that was durable is missing between the number and the page.
    /// </returns>
    internal async Task<(LogView Before, IReadOnlyList<StoredEntry> Page, bool IsComplete)> FindAsync(
        long number, CancellationToken cancellationToken)
    {
        var line = await threads.FindLastLineAsync(run, _last, cancellationToken);
        if (line.IsEmpty)
        {
            return (LogView.Empty, [], false);
        }

        _last = run.IsFinal ? line[^1].Position : null;

        var first = _first ??= LogView.Of(line).Claim is { } claim && LogView.Of(line).ClaimedBy == run.RunId
            ? claim.StartPosition
            : line[^1].Position;
        var own = line.FirstOrDefault(stored => stored.Position >= first);
        if (own is not null && !IsAtOrBelow(own, number) && own.Position > first)
        {
            var position = await SearchAsync(first, line[0].Position - 1, number, cancellationToken);
            line = await log.ReadLineAsync(run.LogId, position, cancellationToken);
            // What was pruned is gone up to a base, which stands alone.
            line = line.IsEmpty ? await log.ReadPageAsync(run.LogId, first, 1, cancellationToken) : line;
        }

        var at = line.ToList().FindLastIndex(stored => stored.Position >= first && IsAtOrBelow(stored, number));
        if (at < 0)
        {
            at = line.ToList().FindIndex(stored => stored.Position >= first);
        }

        return at < 0
            ? (LogView.Empty, [], false)
            : (LogView.Of(line.Take(at)), [.. line.Skip(at)], IsAtOrBelow(line[at], number) || line[at].Position == first);
    }

    /// <summary>Searches downwards with growing strides, then by halves: the numbers of the entries rise with their positions.</summary>
    private async Task<long> SearchAsync(long first, long last, long number, CancellationToken cancellationToken)
    {
        var (low, high) = (last, last);
        for (var stride = 1L; low > first && await FindAsync(low) is null; stride *= 2)
        {
            high = low - 1;
            low = Math.Max(first, low - stride);
        }

        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            (low, high) = await FindAsync(middle) is { } found ? (found, high) : (low, middle - 1);
        }

        return low;

        // What was pruned is passed over upwards.
        async Task<long?> FindAsync(long position) =>
            await log.ReadPageAsync(run.LogId, position, 1, cancellationToken) is [var stored] && IsAtOrBelow(stored, number)
                ? stored.Position
                : null;
    }

    private static bool IsAtOrBelow(StoredEntry stored, long number) => stored.Entry.Events is not { } events || events.First <= number;
}
