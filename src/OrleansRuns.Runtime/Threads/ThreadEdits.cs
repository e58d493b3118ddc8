using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Makes edits and forks: one checkpoint each, appended while nobody else can write to the thread.</summary>
internal sealed class ThreadEdits(
    IThreadLogStore store,
    ThreadReader reader,
    ThreadSlots slots,
    RunInstruments instruments,
    IOptions<RunsOptions> options,
    TimeProvider time)
{
    /// <summary>By how much the clock of a caller, who made an edit's id, may be ahead of those of the silos.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    /// <summary>Appends an edit of the state.</summary>
    internal Task UpdateAsync(ThreadRow thread, UpdateStateRequest request, CancellationToken cancellationToken)
    {
        RunRequests.CheckSize([request.Values], options.Value.MaxInputBytes);
        var values = RunRequests.Parse(request.Values, "edit")!.Value;
        return AppendAsync(
            thread,
            request.EditId,
            request.CheckpointId,
            point => point.Graph.ApplyUpdate(point.Checkpoint, [.. point.Own], values, request.AsNode),
            cancellationToken);
    }

    /// <summary>Appends a copy of a checkpoint.</summary>
    internal Task ForkAsync(ThreadRow thread, string checkpointId, string? editId, CancellationToken cancellationToken) =>
        AppendAsync(thread, editId, checkpointId, point => point.Graph.Fork(point.Checkpoint), cancellationToken);

    private async Task AppendAsync(
        ThreadRow thread,
        string? editId,
        string? checkpointId,
        Func<ThreadPoint, CheckpointDraft> edit,
        CancellationToken cancellationToken)
    {
        var holder = ThreadSlots.HolderOf(editId ?? Guid.CreateVersion7().ToString());
        if (editId is not null && await HasWrittenAsync(RunRequests.TimeOf(editId, "an edit") - ClockSkew))
        {
            await slots.ReleaseAsync(thread, holder);
            return;
        }

        if (thread.Holder is { } other && other != holder && !await slots.FreeDeadEditAsync(thread, cancellationToken))
        {
            throw new ThreadBusyException(thread.ThreadId, other);
        }

        // What does not fit is found before the slot is taken, so that it leaves no trace; what is appended is computed under the slot.
        await DraftAsync(thread, checkpointId, edit, cancellationToken);
        await slots.EditAsync(
            thread,
            holder,
            async () =>
            {
                // Read before the draft is made: what anybody appends in between makes the append fail.
                var line = await store.ReadLineAsync(thread.LogId, null, CancellationToken.None);
                if (line.All(stored => stored.Entry.RunId != holder))
                {
                    var draft = await DraftAsync(thread, checkpointId, edit, CancellationToken.None);
                    await slots.CheckHeldAsync(thread.ThreadId, holder);
                    await AppendAsync(thread, holder, LogView.Of(line), draft);
                }
            },
            cancellationToken);

        Task<bool> HasWrittenAsync(DateTimeOffset since) => UnreadableThread.ToldAsync(
            thread, () => reader.HasWrittenAsync(thread.LogId, holder, since, cancellationToken));
    }

    private async Task AppendAsync(
        ThreadRow thread, string holder, LogView view, (CompiledGraph Graph, CheckpointDraft Draft) edit)
    {
        var writer = new LogWriter(thread.LogId, holder, Attempt: 1);
        try
        {
            await new RunLog(store, writer, view, time, instruments).AppendAsync(edit.Graph, "", edit.Draft, []);
        }
        catch (FencedException)
        {
            throw new ThreadBusyException(thread.ThreadId, "a writer that came first");
        }
        catch (LogEntryTooLargeException exception)
        {
            throw new InvalidRunRequestException(
                $"The edit of thread '{thread.ThreadId}' cannot be stored, and nothing was changed: {exception.Message}");
        }
    }

    private async Task<(CompiledGraph Graph, CheckpointDraft Draft)> DraftAsync(
        ThreadRow thread, string? checkpointId, Func<ThreadPoint, CheckpointDraft> edit, CancellationToken cancellationToken)
    {
        var point = await reader.FindAsync(thread, checkpointId, cancellationToken);
        if (point is null)
        {
            throw checkpointId is null
                ? new InvalidRunRequestException($"Thread '{thread.ThreadId}' has no checkpoint to edit. Start a run with an input first.")
                : new CheckpointNotFoundException(thread.ThreadId, checkpointId);
        }

        return (point.Graph, ThreadPoint.Checked(() => edit(point)));
    }
}
