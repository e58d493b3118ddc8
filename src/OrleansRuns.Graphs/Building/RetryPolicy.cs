namespace OrleansRuns.Graphs;

/// <summary>When a failed node is tried again: exponential back-off with jitter.</summary>
public sealed record RetryPolicy
{
    // Two of them are waited for as one, and no timer waits for longer than 49 days.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(24);

    /// <summary>Gets the default policy.</summary>
    public static RetryPolicy Default { get; } = new();

    /// <summary>Gets the delay before the second attempt.</summary>
    /// <value>Zero to 24 days; the default is 0.5 seconds.</value>
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Gets the factor by which the delay grows with every attempt.</summary>
    /// <value>1 or more; the default is 2.</value>
    public double Factor { get; init; } = 2;

    /// <summary>Gets the longest delay, jitter not included.</summary>
    /// <value>Zero to 24 days; the default is 128 seconds.</value>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(128);

    /// <summary>Gets how often the node is tried, the first attempt included.</summary>
    /// <value>1 or more; the default is 3.</value>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Gets the longest random delay that is added.</summary>
    /// <value>Zero to 24 days; the default is 1 second.</value>
    public TimeSpan Jitter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets which exceptions are worth another attempt.</summary>
    /// <value>
    /// The default tries again after everything but what says that the program or its input is wrong: graph exceptions other than
    /// <see cref="NodeTimeoutException"/>, argument, arithmetic, cast, format, index, key, null-reference, invalid-operation,
    /// not-implemented and not-supported exceptions, input/output and access errors, and HTTP errors below 500.
    /// </value>
    public Func<Exception, bool> RetryOn { get; init; } = IsTransient;

    /// <summary>Decides whether a failed attempt is followed by another.</summary>
    /// <param name="exception">What the attempt ended with.</param>
    /// <param name="attempt">The number of the failed attempt, from 1.</param>
    /// <param name="random">A number in [0, 1) that chooses the jitter.</param>
    /// <returns>The delay before the next attempt, or <see langword="null"/> when there is none.</returns>
    public TimeSpan? NextDelay(Exception exception, int attempt, double random)
    {
        if (attempt >= MaxAttempts || !RetryOn(exception))
        {
            return null;
        }

        // Of no delay at all none grows, and the power of many attempts is beyond all numbers.
        var grown = InitialDelay == TimeSpan.Zero ? 0 : InitialDelay.TotalSeconds * Math.Pow(Factor, attempt - 1);
        var delay = Math.Min(grown, MaxDelay.TotalSeconds);
        return TimeSpan.FromSeconds(delay + (random * Jitter.TotalSeconds));
    }

    internal IEnumerable<string> Problems()
    {
        if (new[] { InitialDelay, MaxDelay, Jitter }.Any(delay => delay < TimeSpan.Zero || delay > LongestDelay))
        {
            yield return $"{nameof(InitialDelay)}, {nameof(MaxDelay)} and {nameof(Jitter)} must be zero to {LongestDelay.TotalDays} days.";
        }

        if (!(Factor >= 1) || double.IsInfinity(Factor))
        {
            yield return $"{nameof(Factor)} is {Factor}, but must be 1 or more.";
        }

        if (MaxAttempts < 1)
        {
            yield return $"{nameof(MaxAttempts)} is {MaxAttempts}, but must be 1 or more.";
        }

        if (RetryOn is null)
        {
            yield return $"{nameof(RetryOn)} is null.";
        }
    }

    private static bool IsTransient(Exception exception) => exception switch
    {
        NodeTimeoutException or TimeoutException => true,
        HttpRequestException http => http.StatusCode is null || (int)http.StatusCode >= 500,
        GraphException => false,
        ArgumentException or ArithmeticException or InvalidCastException or InvalidOperationException => false,
        FormatException or IndexOutOfRangeException or KeyNotFoundException or NullReferenceException => false,
        NotImplementedException or NotSupportedException or IOException or UnauthorizedAccessException => false,
        _ => true,
    };
}
