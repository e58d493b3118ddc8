using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Tells of a thread that cannot be read in a form that every client can read: it does not have the engine's types.</summary>
internal static class UnreadableThread
{
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit its graph.</exception>
    internal static async Task<T> ToldAsync<T>(ThreadRow thread, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (GraphException exception)
        {
            throw new InvalidDataException(
                $"The state of thread '{thread.ThreadId}' does not fit graph '{thread.Graph}' as this silo has it: {exception.Message} "
                + "Nothing was changed: bring back a version of the graph that can read it.");
        }
        catch (Exception exception) when (exception is not InvalidDataException && LogView.IsUnreadable(exception))
        {
            throw new InvalidDataException(
                $"The log of thread '{thread.ThreadId}' cannot be read: an entry does not fit those before it. It is damaged: let the "
                + "doctor name the entry, and restore it from a backup.",
                exception);
        }
    }
}
