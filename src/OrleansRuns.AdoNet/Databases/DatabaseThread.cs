using System.Collections.Concurrent;

namespace OrleansRuns.AdoNet;

/// <summary>A thread that runs database work one piece after the other.</summary>
/// <remarks>
/// The SQLite provider is synchronous: on a grain's thread it would block the grain, and on the shared pool the silo itself. Its tasks
/// are complete when they return, so that waiting for them here blocks nobody else.
/// </remarks>
internal sealed class DatabaseThread : IDisposable
{
    /// <summary>How much work may wait. More makes the callers wait in turn, which is what slows them down to the disk's pace.</summary>
    private const int MaxQueued = 100_000;

    private readonly BlockingCollection<Action> _queue = new(MaxQueued);
    private readonly Thread _thread;

    internal DatabaseThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    /// <exception cref="InvalidOperationException">Called by work of this thread, which would wait for itself.</exception>
    internal Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        if (Thread.CurrentThread == _thread)
        {
            throw new InvalidOperationException($"Work of the thread '{_thread.Name}' may not wait for more work of it.");
        }

        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(() =>
        {
            try
            {
                done.SetResult(work().GetAwaiter().GetResult());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return done.Task;
    }

    private void Run()
    {
        foreach (var work in _queue.GetConsumingEnumerable())
        {
            work();
        }
    }
}
