using Orleans.Concurrency;
using Orleans.Placement;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Keeps nothing: whatever it tells is the silo's own.</summary>
[GrainType("silo"), RandomPlacement, Immovable, Reentrant]
internal sealed class SiloGrain(
    SiloCordon cordon, SiloDrain drain, SiloForecast forecast, GraphSilos graphSilos, RecoverySignal signal, ILocalSiloDetails silo)
    : Grain, ISiloGrain
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    private SiloState State => new(cordon.IsCordoned, drain.IsDraining, forecast.Now());

    public Task<SiloState> GetAsync()
    {
        Check();
        return Task.FromResult(State);
    }

    public async Task<SiloState> CordonAsync()
    {
        Check();
        await cordon.CordonAsync();
        return State;
    }

    public async Task<SiloState> UncordonAsync()
    {
        Check();
        await cordon.UncordonAsync();
        return State;
    }

    public async Task<DrainReport?> DrainAsync(string drainId, TimeSpan timeout)
    {
        Check();
        var draining = await cordon.DrainAsync(drainId);
        var bound = timeout < TimeSpan.Zero ? TimeSpan.Zero : timeout > MaxWait ? MaxWait : timeout;
        using var answered = new CancellationTokenSource();
        await Task.WhenAny(draining, Task.Delay(bound, TimeProvider.System, answered.Token));
        await answered.CancelAsync();
        return draining.IsCompleted ? await draining : null;
    }

    public async Task RefreshAsync()
    {
        Check();
        await graphSilos.RefreshAsync();
        if (cordon.IsCordoned)
        {
            // What was drained here and found no silo open waits for one.
            signal.Raise(RecoveryReason.SiloOpened);
        }
    }

    /// <summary>Refuses to answer for a silo that is gone: the call was then placed anywhere.</summary>
    private void Check()
    {
        var here = silo.SiloAddress.ToParsableString();
        if (this.GetPrimaryKeyString() != here)
        {
            DeactivateOnIdle();
            throw new SiloNotFoundException(this.GetPrimaryKeyString(), [here]);
        }
    }
}
