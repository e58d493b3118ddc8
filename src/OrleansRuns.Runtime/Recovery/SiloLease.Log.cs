using Microsoft.Extensions.Logging;

namespace OrleansRuns.Runtime;

internal sealed partial class SiloLease
{
    [LoggerMessage(3320, LogLevel.Information, "This silo may own runs as {Owner}; its lease is good for {Duration} at a time.")]
    private static partial void LogTaken(ILogger logger, RunOwner owner, TimeSpan duration);

    [LoggerMessage(3321, LogLevel.Warning, "The lease of {Owner} could not be renewed. The next try is after {Delay}.")]
    private static partial void LogNotRenewed(ILogger logger, Exception exception, RunOwner owner, TimeSpan delay);

    [LoggerMessage(3322, LogLevel.Error,
        "The lease of {Owner} has expired. This silo goes on with the runs it has and begins none until the lease is renewed.")]
    private static partial void LogExpired(ILogger logger, RunOwner owner);

    [LoggerMessage(3323, LogLevel.Information, "The lease of {Owner} is renewed. This silo begins runs again.")]
    private static partial void LogRegained(ILogger logger, RunOwner owner);

    [LoggerMessage(3324, LogLevel.Warning, "The lease of {Owner} could not be given back; it expires within {Duration}.")]
    private static partial void LogNotReleased(ILogger logger, Exception exception, RunOwner owner, TimeSpan duration);

    [LoggerMessage(3325, LogLevel.Debug, "The lease of {Owner} is renewed no more.")]
    private static partial void LogStopped(ILogger logger, RunOwner owner);
}
