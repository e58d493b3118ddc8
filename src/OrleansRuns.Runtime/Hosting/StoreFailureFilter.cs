using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Tells of a database that does not answer whoever has called one of our grains.</summary>
internal sealed partial class StoreFailureFilter(ILogger<StoreFailureFilter> logger) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception exception) when (IsOurs(context) && StoreFailures.IsUntold(exception))
        {
            LogStoreFailed(logger, exception, context.TargetId, context.MethodName);
            throw new RunStoreUnavailableException(exception.Message);
        }
    }

    private static bool IsOurs(IIncomingGrainCallContext context) => context.Grain?.GetType().Assembly == typeof(RunGrain).Assembly;

    [LoggerMessage(3500, LogLevel.Warning, "{Grain} could not answer {Method}: the database did not answer.")]
    private static partial void LogStoreFailed(ILogger logger, Exception exception, GrainId grain, string method);
}
