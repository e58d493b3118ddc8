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
    /// <summary>Appends an edit of the state.</summary>
    internal Task UpdateAsync(ThreadRow thread, UpdateStateRequest request, CancellationToken cancellationToken)
    {
        RunRequests.CheckSize([request.Values], options.Value.MaxInputBytes);
        var values = RunRequests.Parse(request.Values, "edit")!.Value;
        return AppendAsync(
            thread,
            request.CheckpointId,
            point => point.Graph.ApplyUpdate(point.Checkpoint, [.. point.Own], values, request.AsNode),
            cancellationToken);
    }

    /// <summary>Appends a copy of a checkpoint.</summary>
    internal Task ForkAsync(ThreadRow thread, string checkpointId, CancellationToken cancellationToken) =>
        AppendAsync(thread, checkpointId, point => point.Graph.Fork(point.Checkpoint), cancellationToken);

    private async Task AppendAsync(
        ThreadRow thread, string? checkpointId, Func<ThreadPoint, CheckpointDraft> edit, CancellationToken cancellationToken)
    {
        if (thread.Holder is { } holder && !await slots.FreeDeadEditAsync(thread, cancellationToken))
        {
            throw new ThreadBusyException(thread.ThreadId, holder);
        }

        // What does not fit is found before the slot is taken, so that it leaves no trace; what is appended is computed under the slot.
        await DraftAsync(thread, checkpointId, edit, cancellationToken);
        await slots.EditAsync(
            thread,
            async editId =>
            {
                // Read before the draft is made: what anybody appends in between makes the append fail.
                var view = LogView.Of(await store.ReadLineAsync(thread.LogId, null, CancellationToken.None));
                var draft = await DraftAsync(thread, checkpointId, edit, CancellationToken.None);
                return await AppendAsync(thread, editId, view, draft);
            },
            cancellationToken);
    }

    private async Task<Checkpoint> AppendAsync(
        ThreadRow thread, string editId, LogView view, (CompiledGraph Graph, CheckpointDraft Draft) edit)
    {
        var writer = new LogWriter(thread.LogId, editId, Attempt: 1);
        try
        {
            return await new RunLog(store, writer, view, time, instruments).AppendAsync(edit.Graph, "", edit.Draft, []);
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
