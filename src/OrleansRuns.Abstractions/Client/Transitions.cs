using Orleans.Runtime.Messaging;

namespace OrleansRuns.Abstractions;

/// <summary>
/// Retries idempotent calls that met a silo in transition (stopping, moving its grains or just declared dead) or a database in one.
/// </summary>
internal sealed class Transitions
{
    /// <summary>How often a call is tried before its error travels: with the delays about 30 seconds.</summary>
    internal const int MaxAttempts = 16;

    private int _failures;

    internal static async Task<T> RetryAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (Exception exception) when (attempt < MaxAttempts && IsTransition(exception))
            {
                await DelayAsync(attempt, cancellationToken);
            }
        }
    }

    /// <summary>Moves on; after a break returns false, so that the caller subscribes again from its last number.</summary>
    internal async Task<bool> MoveNextAsync(IAsyncEnumerator<RunEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            var moved = await events.MoveNextAsync();
            _failures = moved ? 0 : _failures + 1;
            if (moved)
            {
                return true;
            }
        }
        catch (Exception exception) when (_failures < MaxAttempts && IsTransition(exception))
        {
            _failures++;
        }

        await DelayAsync(_failures, cancellationToken);
        return false;
    }

    private static bool IsTransition(Exception exception) =>
        exception is SiloUnavailableException
            or OrleansMessageRejectionException
            or EnumerationAbortedException
            or RunStoreUnavailableException
            or ConnectionFailedException
            or TimeoutException;

    /// <summary>Waits before something is tried again: longer with each attempt, at most 3 seconds.</summary>
    internal static Task DelayAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 * Math.Pow(2, attempt), 3000)), TimeProvider.System, cancellationToken);
}
