using Microsoft.Extensions.Logging;

namespace OrleansRuns.Runtime;

internal sealed partial class RunRecovery
{
    [LoggerMessage(3300, LogLevel.Information, "Recovery asked {Count} unfinished runs to go on.")]
    private static partial void LogSearched(ILogger logger, int count);

    [LoggerMessage(3301, LogLevel.Error, "Recovery could not list the unfinished runs. It searches again within {Period}.")]
    private static partial void LogSearchFailed(ILogger logger, Exception exception, TimeSpan period);

    [LoggerMessage(3302, LogLevel.Error, "Run {RunId} of thread {ThreadId} and graph {Graph} could not be continued.")]
    private static partial void LogNotContinued(ILogger logger, Exception exception, string runId, string threadId, string graph);

    [LoggerMessage(3303, LogLevel.Debug, "Recovery has stopped.")]
    private static partial void LogStopped(ILogger logger);
}
