namespace OrleansRuns.TestKit;

/// <summary>Waits for what announces itself to nobody: another process's rows, a collected activation.</summary>
/// <remarks>Prefer an event. This is the only place in the tests that asks again and again.</remarks>
public static class Eventually
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the answer is yes.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="waitingFor">What is waited for, with the run and the phase; the message of the failure.</param>
    /// <param name="timeout">How long to ask at most; the default is 30 seconds.</param>
    /// <param name="found">Tells what there is instead.</param>
    /// <exception cref="TimeoutException">The answer was still no.</exception>
    public static async Task TrueAsync(
        Func<Task<bool>> question, string waitingFor, TimeSpan? timeout = null, Func<Task<string>>? found = null)
    {
        ArgumentNullException.ThrowIfNull(question);
        var bound = timeout ?? TimeSpan.FromSeconds(30);
        var started = TimeProvider.System.GetTimestamp();
        while (!await question())
        {
            if (TimeProvider.System.GetElapsedTime(started) > bound)
            {
                var instead = found is null ? "" : $" There is instead: {await found()}.";
                throw new TimeoutException($"Still waiting after {bound} for: {waitingFor}.{instead}");
            }

            await Task.Delay(Pace, TimeProvider.System);
        }
    }
}
