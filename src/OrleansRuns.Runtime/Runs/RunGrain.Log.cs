using Microsoft.Extensions.Logging;

namespace OrleansRuns.Runtime;

internal sealed partial class RunGrain
{
    [LoggerMessage(3100, LogLevel.Information, "Run {RunId} was asked to cancel ({Action}).")]
    private static partial void LogCancelAccepted(ILogger logger, string runId, string action);

    [LoggerMessage(3101, LogLevel.Warning,
        "Run {RunId} loses its activation ({Reason}) while it is active. It is stopped at its last checkpoint and has {Grace} to say so.")]
    private static partial void LogDeactivatedWhileActive(
        ILogger logger, string runId, DeactivationReasonCode reason, TimeSpan grace);

    [LoggerMessage(3102, LogLevel.Error, "Run {RunId} did not end within {Grace} of losing its activation. Recovery continues it.")]
    private static partial void LogLeftUnfinished(ILogger logger, string runId, TimeSpan grace);

    [LoggerMessage(3103, LogLevel.Error, "Run {RunId} needs graph {Graph}, which no live silo has. It waits for a silo that does.")]
    private static partial void LogGraphMissing(ILogger logger, string runId, string graph);

    [LoggerMessage(3104, LogLevel.Error, "Run {RunId} stopped unexpectedly. Recovery continues it from its last checkpoint.")]
    private static partial void LogKeeperFailed(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3105, LogLevel.Error, "Run {RunId} was given up as {Status} because its activation has ended.")]
    private static partial void LogAbandoned(ILogger logger, string runId, string status);

    [LoggerMessage(3106, LogLevel.Information, "Run {RunId} is cancelled because reader {ReaderId} is gone, as it was asked to be.")]
    private static partial void LogReaderGone(ILogger logger, string runId, string readerId);

    [LoggerMessage(3107, LogLevel.Error,
        "Run {RunId} could not be cancelled although reader {ReaderId} is gone. The next try is after {Delay}.")]
    private static partial void LogNotCancelledWithReader(
        ILogger logger, Exception exception, string runId, string readerId, TimeSpan delay);

    [LoggerMessage(3108, LogLevel.Debug,
        "Run {RunId} of graph {Graph} may not begin here: this silo lacks the graph or is cordoned. It moves to {Silo}.")]
    private static partial void LogMoves(ILogger logger, string runId, string graph, SiloAddress silo);

    [LoggerMessage(3110, LogLevel.Information, "Run {RunId} goes on at {Silo}: this silo stops or is drained.")]
    private static partial void LogHandedOver(ILogger logger, string runId, SiloAddress silo);

    [LoggerMessage(3111, LogLevel.Warning, "Run {RunId} could not be handed over. It goes on when it is asked for, or by recovery.")]
    private static partial void LogNotHandedOver(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3112, LogLevel.Warning, "Run {RunId} was handed over and could not be read here. It is read again after {Delay}.")]
    private static partial void LogNotRead(ILogger logger, Exception exception, string runId, TimeSpan delay);

    [LoggerMessage(3109, LogLevel.Information,
        "Run {RunId} goes on with the version of graph {Graph} that {Silo} has: it executed it, or this silo's lacks what it needs.")]
    private static partial void LogMovesToVersion(ILogger logger, string runId, string graph, SiloAddress silo);
}
