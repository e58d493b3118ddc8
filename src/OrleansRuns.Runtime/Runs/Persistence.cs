using System.Data.Common;
using Orleans.Storage;

namespace OrleansRuns.Runtime;

/// <summary>Which failures of the database are worth another attempt, and when.</summary>
internal static class Persistence
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(15);

    /// <summary>Tells whether the database may answer when it is asked again.</summary>
    internal static bool IsTransient(Exception exception) =>
        exception is LogUnavailableException or DbException or TimeoutException or IOException
        && exception is not InconsistentStateException;

    /// <summary>Gets the delay after a number of failures in a row: 0.1 seconds, doubled each time, at most 15 seconds.</summary>
    internal static TimeSpan DelayAfter(int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(100 * Math.Pow(2, Math.Min(failures, 16) - 1), MaxDelay.TotalMilliseconds));
}
