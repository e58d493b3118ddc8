using System.Runtime.CompilerServices;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Tells the events of a run again from its thread's log, for one reader, upwards.</summary>
/// <remarks>
/// It holds one page of entries and what the log says before it, however long the run was. From one call to the next it reads on where it
/// stands when that is near, and otherwise searches.
/// </remarks>
internal sealed class RunReplay(IThreadLogStore log, ThreadReader threads, GraphRegistry graphs, RunRow run)
{
    /// <summary>How many entries a page has. An entry may be large, and every reader that is behind holds a page.</summary>
    private const int PageSize = 16;

    /// <summary>How many numbers above the page it reads on for, instead of searching.</summary>
    private const int Near = 256;

    private readonly RunLogSearch _search = new(log, threads, run);
    private LogView _before = LogView.Empty;
    private IReadOnlyList<StoredEntry> _page = [];
    private int _at;

    /// <summary>Whether what is missing between the number wanted and the present entry was never durable.</summary>
    private bool _isComplete;

    /// <summary>Tells the events between two numbers, both included; gaps say which of them no log holds.</summary>
    /// <param name="from">The first number.</param>
    /// <param name="to">The last number.</param>
    /// <param name="filter">Which kinds are wanted.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal async IAsyncEnumerable<RunEvent> ReadAsync(
        long from, long to, RunEventFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wanted = from;
        long? missing = null;
        await foreach (var (number, told) in EventsAsync(from, to, cancellationToken))
        {
            if (number > wanted && (filter.WantsTransient || !_isComplete))
            {
                missing ??= wanted;
            }

            wanted = number + 1;
            if (told is not null && !filter.Wants(told.Kind))
            {
                continue;
            }

            if (told?.Data() is not { } data)
            {
                missing ??= number;
                continue;
            }

            if (missing is { } first)
            {
                yield return RunEndEvents.Gap(first, number - 1);
                missing = null;
            }

            yield return new RunEvent(number, told.Kind, told.Namespace, told.Step, told.CheckpointId, data);
        }

        if (wanted <= to && (filter.WantsTransient || !_isComplete))
        {
            missing ??= wanted;
        }

        if (missing is { } rest)
        {
            yield return RunEndEvents.Gap(rest, to);
        }
    }

    private async IAsyncEnumerable<(long Number, ToldEvent? Told)> EventsAsync(
        long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await SeekAsync(from, cancellationToken);
        while (await CurrentAsync(cancellationToken) is { } entry)
        {
            var after = _before.With(_page[_at].Position, entry, _page[_at].StoredBytes);
            var number = entry.Events?.First ?? 0;
            foreach (var telling in entry.Events?.Tellings ?? [])
            {
                var count = RunTelling.Count(telling);
                if (number > to)
                {
                    yield break;
                }

                if (number + count > from)
                {
                    foreach (var (told, place) in Expand(entry, telling, after).Select((told, place) => (told, place)))
                    {
                        if (number + place >= from && number + place <= to)
                        {
                            yield return (number + place, told);
                        }
                    }
                }

                number += count;
            }

            if (number > to)
            {
                // The rest of the entry may be wanted next.
                yield break;
            }

            // Of an entry that does not store its events nobody knows what it told.
            _isComplete = entry.Events is not null;
            _before = after;
            _at++;
        }
    }

    private IEnumerable<ToldEvent?> Expand(LogEntry entry, LogTelling telling, LogView after) =>
        telling.Kind != LogTellingKind.Attempt && !after.Namespaces.ContainsKey(telling.Namespace)
            ? Enumerable.Repeat<ToldEvent?>(null, RunTelling.Count(telling))
            : RunTelling.Expand(
                entry,
                telling,
                after,
                () => Values(after.Namespaces[telling.Namespace], telling.Namespace),
                () => ToldUpdates.Read(entry, telling, _before));

    private string? Values(NamespaceView view, string name)
    {
        try
        {
            var graph = graphs.Find(run.Graph) is { } root ? RunStart.FindGraph(root, name) : null;
            return graph?.ToJson(graph.Load(name, view.Line)).ToJsonString();
        }
        catch (GraphException)
        {
            // The graph has changed and does not understand the state of then: nothing can tell it any more.
            return null;
        }
    }

    private async Task<LogEntry?> CurrentAsync(CancellationToken cancellationToken)
    {
        if (_at == _page.Count)
        {
            // A run's entries follow each other: from the first that is not its own on there are none.
            var next = await log.ReadPageAsync(run.LogId, _before.NextPosition, PageSize, cancellationToken);
            (_page, _at) = ([.. next.TakeWhile(stored => stored.Entry.RunId == run.RunId)], 0);
        }

        return _at < _page.Count ? _page[_at].Entry : null;
    }

    private async Task SeekAsync(long number, CancellationToken cancellationToken)
    {
        if (_page.Count > 0 && number < (_page[^1].Entry.Events?.First ?? 0) + Near)
        {
            return;
        }

        (_before, _page, _isComplete) = await _search.FindAsync(number, cancellationToken);
        _at = 0;
    }
}
