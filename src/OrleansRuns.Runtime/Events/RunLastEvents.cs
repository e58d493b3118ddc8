using System.Runtime.CompilerServices;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Answers readers of a run that has ended and whose events are gone: a gap, the state it ended with, and the end.</summary>
internal sealed class RunLastEvents(IRunCatalog catalog, ThreadReader reader)
{
    /// <summary>Reads the last events of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="after">The last number the reader saw; -1 for all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Nothing at all for a run that is not final: its events are told elsewhere.</returns>
    internal async IAsyncEnumerable<RunEvent> ReadAsync(
        RunRow run, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!run.IsFinal)
        {
            yield break;
        }

        var thread = await catalog.FindThreadAsync(run.ThreadId, cancellationToken);
        var end = thread?.LogId == run.LogId ? await reader.FindEndAsync(run, cancellationToken) : null;

        // What a lost process told beyond the log cannot be known; the reader's own number says at least how far that went.
        var wanted = Math.Max(after, -1) + 1;
        var number = Math.Max(wanted, end?.NextEvent ?? 0);
        if (number > wanted)
        {
            yield return RunEndEvents.Gap(wanted, number - 1);
        }

        if (end is { Values: { } values, Checkpoint: { } checkpoint })
        {
            yield return new RunEvent(number++, RunEventKinds.Values, "", checkpoint.Step, checkpoint.Id, values);
        }

        yield return RunEndEvents.End(number, run.ToSnapshot());
    }
}
