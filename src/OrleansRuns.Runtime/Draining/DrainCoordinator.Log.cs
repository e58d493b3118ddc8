using Microsoft.Extensions.Logging;

namespace OrleansRuns.Runtime;

internal sealed partial class DrainCoordinator
{
    [LoggerMessage(3600, LogLevel.Error,
        "Run {RunId} of thread {ThreadId} could not be written before its silo stops. The database may say {Status} of it until recovery "
        + "goes on with it.")]
    private static partial void LogNotPersisted(ILogger logger, Exception exception, string runId, string threadId, string status);

    [LoggerMessage(3601, LogLevel.Error, "The end of run {RunId} could not be written for it. It is tried again while there is time.")]
    private static partial void LogWillWriteAgain(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3602, LogLevel.Warning, "The last write of run {RunId} was answered after the drain had ended.")]
    private static partial void LogLateWrite(ILogger logger, Exception? exception, string runId);

    [LoggerMessage(3603, LogLevel.Error, "Run {RunId} threw when it was asked to stop. It is drained all the same.")]
    private static partial void LogNotCancelled(ILogger logger, Exception exception, string runId);
}
