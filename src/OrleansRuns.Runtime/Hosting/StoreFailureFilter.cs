using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Tells whoever has called one of our grains what is wrong with the store.</summary>
internal sealed partial class StoreFailureFilter(ILogger<StoreFailureFilter> logger) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception exception) when (IsOurs(context) && StoreFailures.Told(exception) is { } told)
        {
            if (told is RunStoreUnavailableException)
            {
                LogStoreFailed(logger, exception, context.TargetId, context.MethodName);
            }
            else
            {
                LogUnreadable(logger, exception, context.TargetId, context.MethodName);
            }

            throw told;
        }
    }

    private static bool IsOurs(IIncomingGrainCallContext context) => context.Grain?.GetType().Assembly == typeof(RunGrain).Assembly;

    [LoggerMessage(3500, LogLevel.Warning, "{Grain} could not answer {Method}: the database did not answer.")]
    private static partial void LogStoreFailed(ILogger logger, Exception exception, GrainId grain, string method);

    [LoggerMessage(3501, LogLevel.Error, "{Grain} could not answer {Method}: what is stored cannot be read.")]
    private static partial void LogUnreadable(ILogger logger, Exception exception, GrainId grain, string method);
}
