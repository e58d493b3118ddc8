using Microsoft.Extensions.Logging;

namespace OrleansRuns.Runtime;

internal sealed partial class RunKeeper
{
    [LoggerMessage(3000, LogLevel.Information, "Run {RunId} of thread {ThreadId} and graph {Graph} began attempt {Attempt}.")]
    private static partial void LogBegan(ILogger logger, string runId, string threadId, string graph, int attempt);

    [LoggerMessage(3001, LogLevel.Information, "Run {RunId} ended as {Status} ({Reason}) in attempt {Attempt}.")]
    private static partial void LogEnded(ILogger logger, string runId, string status, string? reason, int attempt);

    [LoggerMessage(3002, LogLevel.Warning,
        "Run {RunId} was taken over: its {Phase} was refused. Attempt {Attempt} belongs to {Owner}; this activation writes nothing more.")]
    private static partial void LogFenced(ILogger logger, string runId, string phase, int attempt, string? owner);

    [LoggerMessage(3003, LogLevel.Error,
        "Run {RunId} could not write how it ended, {Status}. It is not reported before it is written; the next try is after {Delay}.")]
    private static partial void LogEndNotWritten(ILogger logger, Exception exception, string runId, string status, TimeSpan delay);

    [LoggerMessage(3004, LogLevel.Warning,
        "Run {RunId} was stopped in attempt {Attempt} by a database that did not answer. It goes on after {Delay}.")]
    private static partial void LogWillRetry(ILogger logger, Exception exception, string runId, int attempt, TimeSpan delay);

    [LoggerMessage(3005, LogLevel.Error, "Run {RunId} failed outside its nodes in attempt {Attempt} and ends as an error.")]
    private static partial void LogExecutionFailed(ILogger logger, Exception exception, string runId, int attempt);

    [LoggerMessage(3006, LogLevel.Error, "A cancellation callback of run {RunId} threw. The run is cancelled all the same.")]
    private static partial void LogCancellationFailed(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3008, LogLevel.Warning,
        "Run {RunId} did not stop in time in attempt {Attempt}. It was written for it that it ended as {Status} ({Reason}).")]
    private static partial void LogLeftBehind(ILogger logger, string runId, int attempt, string status, string? reason);

    [LoggerMessage(3009, LogLevel.Warning, "Run {RunId} was left behind and has ended since. What it did is discarded.")]
    private static partial void LogEndedLate(ILogger logger, Exception? exception, string runId);
}
