using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Tells run grains that there is something for them to do.</summary>
/// <remarks>Everything it tells is durable, so that a call that is lost only costs time.</remarks>
internal sealed partial class RunWaker(
    IGrainFactory grains, GraphSilos graphSilos, ILocalSiloDetails silo, RecoverySignal recovery, ILogger<RunWaker> logger)
{
    /// <summary>Lets a run begin or go on, wherever it is active or is placed.</summary>
    /// <remarks>A cordoned silo is avoided; a run that gets there all the same moves on.</remarks>
    internal Task<bool> WakeAsync(string runId) => CallAsync(
        runId,
        grain =>
        {
            if (graphSilos.Avoiding() is { } there)
            {
                RequestContext.Set(IPlacementDirector.PlacementHintKey, there);
            }

            return grain.GetAsync();
        });

    /// <summary>Lets a run begin or go on where it is active, or on this silo.</summary>
    internal Task<bool> WakeHereAsync(string runId) => CallAsync(
        runId,
        grain =>
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
            return grain.GetAsync();
        });

    /// <summary>Tells runs of a cancel that is durable, all at once: one may hang. Recovery tells those that do not answer.</summary>
    internal Task CancelAsync(IEnumerable<string> runIds, CancelAction action) => Task.WhenAll(runIds.Select(async runId =>
    {
        if (!await CallAsync(runId, grain => grain.CancelAsync(action)))
        {
            recovery.Raise(RecoveryReason.CancelNotDelivered);
        }
    }));

    /// <summary>Lets whoever has a thread's slot now begin, if it is a run.</summary>
    internal Task WakeNextAsync(string? holder, string? except = null) =>
        holder is null || holder == except || ThreadSlots.IsEdit(holder) ? Task.CompletedTask : WakeAsync(holder);

    private async Task<bool> CallAsync(string runId, Func<IRunGrain, Task> call)
    {
        try
        {
            await call(grains.GetGrain<IRunGrain>(runId));
            return true;
        }
        catch (Exception exception)
        {
            LogNotWoken(logger, exception, runId);
            return false;
        }
    }

    [LoggerMessage(3220, LogLevel.Warning, "The grain of run {RunId} did not answer. The run begins, goes on or ends later.")]
    private static partial void LogNotWoken(ILogger logger, Exception exception, string runId);
}
