using Orleans.Runtime.Messaging;

namespace OrleansRuns.Abstractions;

/// <summary>
/// Retries idempotent calls that met a silo in transition (stopping, moving its grains or just declared dead) or a database in one.
/// </summary>
internal static class Transitions
{
    /// <summary>How often a call is tried before its error travels: with the delays about 30 seconds.</summary>
    internal const int MaxAttempts = 16;

    /// <summary>How long the first try may take.</summary>
    /// <remarks>
    /// Nobody tells a client outside the cluster that the silo died which has its call: it would wait for Orleans' response timeout, half
    /// a minute. The others miss a silo after four seconds at the most, and answer then.
    /// </remarks>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes a call until it is answered.</summary>
    /// <param name="call">The call. It gets a token that ends what nobody waits for any more.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="answersAfter">How long the answer may take by what is asked, such as a long poll.</param>
    internal static async Task<T> RetryAsync<T>(
        Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, TimeSpan answersAfter = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(call, answersAfter + PatienceOf(attempt), cancellationToken);
            }
            catch (Exception exception) when (attempt < MaxAttempts && IsTransition(exception, cancellationToken))
            {
                await DelayAsync(attempt, cancellationToken);
            }
        }
    }

    /// <summary>Tells whether a call may be made again after its error.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="cancellationToken">The caller's. A silo gives up a look at the directory of one that died by cancelling it.</param>
    internal static bool IsTransition(Exception exception, CancellationToken cancellationToken) =>
        exception is SiloUnavailableException
            or OrleansMessageRejectionException
            or EnumerationAbortedException
            or RunStoreUnavailableException
            or ConnectionFailedException
            or TimeoutException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Waits before something is tried again: longer with each attempt, at most 3 seconds.</summary>
    internal static Task DelayAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 * Math.Pow(2, attempt), 3000)), TimeProvider.System, cancellationToken);

    private static async Task<T> TryAsync<T>(
        Func<CancellationToken, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answer = call(giveUp.Token);
        try
        {
            return await answer.WaitAsync(patience, TimeProvider.System, cancellationToken);
        }
        catch (Exception exception) when (!answer.IsCompleted && exception is TimeoutException or OperationCanceledException)
        {
            Forget(answer);
            await giveUp.CancelAsync();
            throw;
        }
    }

    /// <summary>Lets go of a call that nobody waits for any more.</summary>
    internal static void Forget(Task call)
    {
        if (!call.IsCompleted)
        {
            _ = call.ContinueWith(
                static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    // A call that is only slow, such as one for a long history, has to be answered in the end.
    private static TimeSpan PatienceOf(int attempt) => Patience * Math.Pow(2, Math.Min(attempt - 1, 3));
}
