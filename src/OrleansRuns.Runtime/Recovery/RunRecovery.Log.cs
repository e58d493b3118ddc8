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

    [LoggerMessage(3304, LogLevel.Warning, "Run {RunId} waits for a silo with graph {Graph}: no live silo has it.")]
    private static partial void LogGraphMissing(ILogger logger, string runId, string graph);

    [LoggerMessage(3305, LogLevel.Debug, "Run {RunId} waits until a cordon is undone or another silo comes up.")]
    private static partial void LogCordonedOff(ILogger logger, string runId);

    [LoggerMessage(3306, LogLevel.Warning, "The silos that share a search could not be listed. This one leaves nothing to the others.")]
    private static partial void LogNotShared(ILogger logger, Exception exception);
}
