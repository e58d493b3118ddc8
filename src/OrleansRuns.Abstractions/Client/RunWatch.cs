namespace OrleansRuns.Abstractions;

/// <summary>Waits for answers of a run that may take long, and notices when the silo that owes them has died.</summary>
/// <remarks>
/// A run may have nothing to say for hours, and neither has a silo that died. So the run is asked now and then in which attempt it is;
/// it answers at once, wherever it is by then.
/// </remarks>
/// <param name="Run">The run.</param>
/// <param name="Attempt">The attempt it was in before it was asked for the answer.</param>
internal readonly record struct RunWatch(IRunGrain Run, int Attempt)
{
    internal static async Task<RunWatch> BeginAsync(IRunGrain run, CancellationToken cancellationToken) =>
        new(run, (await AskAsync(run, cancellationToken)).Attempt);

    /// <summary>Gets the run as it is now, also one that was rolled back.</summary>
    internal static Task<RunSnapshot> AskAsync(IRunGrain run, CancellationToken cancellationToken) =>
        Transitions.RetryAsync(token => run.WaitAsync(TimeSpan.Zero, token), cancellationToken);

    /// <summary>Waits for an answer.</summary>
    /// <returns>Whether it has come, be it an error; otherwise nobody owes it any more.</returns>
    internal async Task<bool> HasComeAsync(Task answer, CancellationToken cancellationToken)
    {
        try
        {
            while (!await IsOverAsync(answer, cancellationToken))
            {
                var now = await AskAsync(Run, cancellationToken);
                if (!answer.IsCompleted && (now.Attempt != Attempt || now.IsFinal))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            Transitions.Forget(answer);
        }
    }

    private static async Task<bool> IsOverAsync(Task answer, CancellationToken cancellationToken)
    {
        try
        {
            await answer.WaitAsync(Transitions.Patience, TimeProvider.System, cancellationToken);
            return true;
        }
        catch (Exception) when (answer.IsCompleted)
        {
            // Whoever takes the answer gets its error.
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
