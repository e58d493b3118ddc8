using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Takes threads' slots for edits and frees those that a dead edit has left behind.</summary>
internal sealed partial class ThreadSlots(
    IRunCatalog catalog,
    IThreadLogStore store,
    RunWaker waker,
    IOptions<RunsOptions> options,
    TimeProvider time,
    ILogger<ThreadSlots> logger)
{
    /// <summary>What the holder of an edit begins with; a run's holder is the run's id.</summary>
    internal const string EditPrefix = "edit-";

    /// <summary>Tells whether a run holds the thread.</summary>
    internal static bool IsHeldByRun(ThreadRow thread) => thread.Holder is { } holder && !IsEdit(holder);

    /// <summary>Tells whether the holder of a slot is an edit.</summary>
    internal static bool IsEdit(string holder) => holder.StartsWith(EditPrefix, StringComparison.Ordinal);

    /// <summary>Frees a slot whose edit has not come back in time. The thread's log refuses what such an edit may still append.</summary>
    /// <returns>Whether the slot may be asked for again.</returns>
    internal async Task<bool> FreeDeadEditAsync(ThreadRow thread, CancellationToken cancellationToken)
    {
        if (thread.Holder is not { } holder
            || !IsEdit(holder)
            || time.GetUtcNow() - thread.UpdatedAt <= options.Value.EditTimeout)
        {
            return false;
        }

        LogEditFreed(logger, thread.ThreadId, holder, thread.UpdatedAt);
        await waker.WakeNextAsync(await ReleaseSlotAsync(thread, holder, cancellationToken));
        return true;
    }

    /// <summary>Gets who holds a slot for an edit.</summary>
    internal static string HolderOf(string editId) => $"{EditPrefix}{editId}";

    /// <summary>Makes an edit while nobody else can write to the thread.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="holder">Who makes it. It may hold the slot already, when an earlier call got no further.</param>
    /// <param name="edit">Makes the edit.</param>
    /// <param name="cancellationToken">Cancels the waiting for the slot; an edit that has begun is finished.</param>
    /// <exception cref="ThreadBusyException">A run or another edit holds the thread.</exception>
    internal async Task EditAsync(ThreadRow thread, string holder, Func<Task> edit, CancellationToken cancellationToken)
    {
        var slot = await catalog.TakeSlotAsync(thread.ThreadId, thread.Graph, holder, cancellationToken);
        if (slot.Holder != holder && await FreeDeadEditAsync(slot, cancellationToken))
        {
            slot = await catalog.TakeSlotAsync(thread.ThreadId, thread.Graph, holder, cancellationToken);
        }

        if (slot.Holder != holder)
        {
            throw new ThreadBusyException(thread.ThreadId, slot.Holder ?? "another edit");
        }

        try
        {
            await edit();
        }
        catch (Exception exception)
        {
            await TryReleaseAsync(slot, holder, exception);
            throw;
        }

        // The answer comes when the thread is free again. A caller that repeats the edit meets what it has done, and frees it.
        await ReleaseAsync(slot, holder);
    }

    /// <summary>Makes sure that an edit was not taken for dead while it was made.</summary>
    /// <exception cref="ThreadBusyException">Its slot is another's by now.</exception>
    internal async Task CheckHeldAsync(string threadId, string holder)
    {
        var thread = await catalog.FindThreadAsync(threadId, CancellationToken.None);
        if (thread?.Holder != holder)
        {
            throw new ThreadBusyException(threadId, thread?.Holder ?? "nobody, after the edit had its time");
        }
    }

    /// <summary>Lets a slot go, unless the holder does not hold it.</summary>
    internal async Task ReleaseAsync(ThreadRow slot, string holder)
    {
        if (slot.Holder == holder)
        {
            await waker.WakeNextAsync(await ReleaseSlotAsync(slot, holder, CancellationToken.None));
        }
    }

    /// <summary>Frees the slot together with the status that the thread has after the edit, whether or not the edit was appended.</summary>
    private async Task<string?> ReleaseSlotAsync(ThreadRow slot, string holder, CancellationToken cancellationToken)
    {
        var rest = await FindRestAsync(slot, cancellationToken);
        return await catalog.ReleaseSlotAsync(slot.ThreadId, holder, slot.Epoch, rest, cancellationToken);
    }

    private async Task<ThreadRest?> FindRestAsync(ThreadRow slot, CancellationToken cancellationToken)
    {
        try
        {
            return ThreadRest.Of(LogView.Of(await store.ReadLineAsync(slot.LogId, null, cancellationToken)));
        }
        catch (Exception exception) when (LogView.IsUnreadable(exception))
        {
            // It says no more than whether the thread asks something. Whoever waits for the thread does not wait for that.
            LogRestUnknown(logger, exception, slot.ThreadId);
            return null;
        }
    }

    private async Task TryReleaseAsync(ThreadRow slot, string holder, Exception cause)
    {
        try
        {
            await ReleaseAsync(slot, holder);
        }
        catch (Exception exception) when (Persistence.IsTransient(exception))
        {
            // Who comes after the time-out frees the slot, and who repeats the edit before.
            LogNotReleased(logger, new AggregateException(cause, exception), slot.ThreadId, holder, options.Value.EditTimeout);
        }
    }

    [LoggerMessage(3200, LogLevel.Warning, "Thread {ThreadId} was held by the dead edit {Holder} since {Since}; it is free again.")]
    private static partial void LogEditFreed(ILogger logger, string threadId, string holder, DateTimeOffset since);

    [LoggerMessage(3201, LogLevel.Warning, "Thread {ThreadId} could not be released by edit {Holder}; it is freed after {Timeout}.")]
    private static partial void LogNotReleased(ILogger logger, Exception exception, string threadId, string holder, TimeSpan timeout);

    [LoggerMessage(3202, LogLevel.Error, "The log of thread {ThreadId} cannot be read: an edit lets it go all the same. Use 'doctor'.")]
    private static partial void LogRestUnknown(ILogger logger, Exception exception, string threadId);
}
