using System.Runtime.CompilerServices;
using System.Text;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Reads a run's events: from the log what its buffer no longer has, then the buffer, then what is told from now on.</summary>
internal sealed class RunEventReader(IThreadLogStore log, ThreadReader threads, GraphRegistry graphs)
{
    /// <summary>How many bytes of payload go into one answer to a reader, or one event.</summary>
    private const int AnswerBytes = 256 * 1024;

    /// <summary>Reads the events from a number on until the run has ended or the buffer is closed.</summary>
    /// <param name="run">The run.</param>
    /// <param name="buffer">The newest events.</param>
    /// <param name="after">The last number the reader saw; -1 for all.</param>
    /// <param name="filter">Which kinds it wants.</param>
    /// <param name="release">When it completes, a reader that has caught up is let go without an end, to subscribe again elsewhere.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal async IAsyncEnumerable<RunEvent> ReadAsync(
        RunRow run,
        RunEventBuffer buffer,
        long after,
        RunEventFilter filter,
        Task release,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var bytes = 0;
        var wanted = Math.Clamp(after, -1, long.MaxValue - 1) + 1;
        await foreach (var @event in ReadAllAsync(run, buffer, wanted, filter, release, cancellationToken))
        {
            bytes += Encoding.UTF8.GetByteCount(@event.Data);
            if (bytes > AnswerBytes)
            {
                // Orleans answers with what is there at once, up to a number of events whatever their size. This is not there at once.
                await Task.Yield();
                bytes = 0;
            }

            yield return @event;
        }
    }

    private async IAsyncEnumerable<RunEvent> ReadAllAsync(
        RunRow run,
        RunEventBuffer buffer,
        long wanted,
        RunEventFilter filter,
        Task release,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var replay = new RunReplay(log, threads, graphs, run);
        while (true)
        {
            var (batch, published, isClosed) = buffer.Copy(wanted, filter);
            foreach (var kept in batch)
            {
                var isDeferred = kept.IsDeferred && filter.Wants(kept.Event.Kind);
                var to = isDeferred ? kept.Event.Number : kept.Event.Number - 1;
                if (wanted <= to)
                {
                    await foreach (var @event in replay.ReadAsync(wanted, to, filter, cancellationToken))
                    {
                        buffer.Fill(@event);
                        yield return @event;
                    }
                }

                wanted = kept.Event.Number + 1;
                if (!kept.IsDeferred && filter.Wants(kept.Event.Kind))
                {
                    yield return kept.Event;
                }
            }

            if (batch.Count == 0 && isClosed)
            {
                break;
            }

            if (batch.Count == 0)
            {
                if (release.IsCompletedSuccessfully)
                {
                    yield break;
                }

                await buffer.WaitAsync(Task.WhenAny(published, release), filter, cancellationToken);
            }
        }

        if (buffer.Ended is { } ended)
        {
            await foreach (var @event in EndAsync(run, buffer.EndNumber, ended, wanted, replay, filter, cancellationToken))
            {
                yield return @event;
            }
        }
    }

    private async IAsyncEnumerable<RunEvent> EndAsync(
        RunRow run,
        long? known,
        RunSnapshot ended,
        long wanted,
        RunReplay replay,
        RunEventFilter filter,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = known is { } number ? new RunEndPoint(number, null, null)
            : ended.Attempt > 0 ? await threads.FindEndAsync(run, cancellationToken)
            : null;
        var next = end?.NextEvent ?? wanted;
        if (wanted < next)
        {
            await foreach (var @event in replay.ReadAsync(wanted, next - 1, filter, cancellationToken))
            {
                yield return @event;
            }
        }

        if (end is { Values: { } values, Checkpoint: { } checkpoint })
        {
            // The log of an earlier program does not say what was told: at least the state that the run ended with.
            if (wanted <= next && filter.Wants(RunEventKinds.Values))
            {
                yield return new RunEvent(next, RunEventKinds.Values, "", checkpoint.Step, checkpoint.Id, values);
            }

            next++;
        }

        // A reader that comes although it has seen the end is told of it again, so that it does not wait for nothing.
        yield return RunEndEvents.End(wanted == next + 1 ? next : Math.Max(wanted, next), ended);
    }
}
