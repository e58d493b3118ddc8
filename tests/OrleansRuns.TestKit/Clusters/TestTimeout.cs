namespace OrleansRuns.TestKit;

/// <summary>The bound of every wait in a test.</summary>
public static class TestTimeout
{
    /// <summary>Long enough for a busy machine, short enough for a person: reached only when something hangs.</summary>
    public static TimeSpan Hang { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a task, and says what was waited for when it does not come.</summary>
    /// <param name="task">What to wait for.</param>
    /// <param name="waitingFor">What it is, with the run and the phase.</param>
    /// <param name="bound">How long to wait at most; the default is <see cref="Hang"/>.</param>
    /// <exception cref="TimeoutException">It did not come.</exception>
    public static async Task<T> WithinAsync<T>(this Task<T> task, string waitingFor, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        try
        {
            return await task.WaitAsync(bound ?? Hang);
        }
        catch (TimeoutException exception) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Still waiting after {bound ?? Hang} for: {waitingFor}.", exception);
        }
    }

    /// <inheritdoc cref="WithinAsync{T}(Task{T}, string, TimeSpan?)"/>
    public static Task WithinAsync(this Task task, string waitingFor, TimeSpan? bound = null)
    {
        return AwaitAsync().WithinAsync(waitingFor, bound);

        async Task<bool> AwaitAsync()
        {
            await task;
            return true;
        }
    }
}
