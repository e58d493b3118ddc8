using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>This silo's right to own runs: taken before the first run can be claimed, renewed until the last one has stopped.</summary>
/// <remarks>
/// A silo whose lease has expired keeps the runs it has: if another cluster takes one over, the thread's log fences this silo at its
/// next append. It claims no run until the lease is renewed.
/// </remarks>
internal sealed partial class SiloLease(
    IOwnerLeases leases,
    GraphRegistry graphs,
    ILocalSiloDetails silo,
    IOptions<RunRecoveryOptions> options,
    RecoverySignal signal,
    TimeProvider time,
    ILogger<SiloLease> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The stage at which the lease is taken and given back.</summary>
    /// <remarks>
    /// Stages start from the lowest number up: the database opens far below this one, and calls are answered far above it. They stop from
    /// the highest down: when the lease is given back, the grains are deactivated and the database is still open.
    /// </remarks>
    internal const int Stage = ServiceLifecycleStage.RuntimeStorageServices;

    private readonly CancellationTokenSource _stopping = new();
    private Task _renewing = Task.CompletedTask;
    private long? _heldSince;
    private volatile bool _isCordoned;

    /// <summary>Gets this silo as the owner of runs.</summary>
    internal RunOwner Owner { get; } = new(silo.ClusterId, silo.SiloAddress);

    /// <summary>Gets whether this silo may claim runs.</summary>
    internal bool IsHeld
    {
        get
        {
            lock (_stopping)
            {
                // Counted from before the lease was asked for, so that it is over here before it is over in the database.
                return _heldSince is { } since && time.GetElapsedTime(since) < Duration;
            }
        }
    }

    private TimeSpan Duration => options.Value.LeaseDuration;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(SiloLease), Stage, StartAsync, StopAsync);

    public void Dispose() => _stopping.Dispose();

    /// <summary>Tells whether a run is a live silo's of another cluster, or that cluster's to begin, and so not ours.</summary>
    /// <remarks>The claim says so too. Asking first only spares the attempt.</remarks>
    internal async Task<bool> IsForeignAsync(RunSummary run)
    {
        var owner = RunOwner.TryParse(run.Owner, out var known) ? known : null;
        var cluster = run.Owner is null ? run.ClusterId : owner?.ClusterId;
        return cluster is not null
            && cluster != Owner.ClusterId
            && (await leases.ListLiveAsync(CancellationToken.None)).Any(
                lease => owner is null ? lease.Owner.ClusterId == cluster : lease.Owner == owner);
    }

    /// <summary>Takes or renews the lease.</summary>
    /// <returns>Whether there was a time since the last lease in which this silo could claim nothing.</returns>
    internal async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        var asked = time.GetTimestamp();
        await leases.HoldAsync(
            Owner,
            graphs.Names.ToImmutableSortedDictionary(name => name, name => graphs.Get(name).Fingerprint, StringComparer.Ordinal),
            Duration,
            cancellationToken);
        lock (_stopping)
        {
            var isGap = _heldSince is { } since && time.GetElapsedTime(since) >= Duration;
            _heldSince = asked;
            return isGap;
        }
    }

    /// <summary>Tells the other silos whether to begin runs here.</summary>
    internal async Task CordonAsync(bool isCordoned, CancellationToken cancellationToken)
    {
        await leases.CordonAsync(Owner, isCordoned, cancellationToken);
        _isCordoned = isCordoned;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await HoldAsync(cancellationToken);
        LogTaken(logger, Owner, Duration);
        // Outside of any grain: a silo whose grains are busy is alive all the same.
        _renewing = Task.Run(() => RenewAsync(_stopping.Token), CancellationToken.None);
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _renewing;
        lock (_stopping)
        {
            _heldSince = null;
        }

        if (cancellationToken.IsCancellationRequested)
        {
            // The stop was cut short, so that grains may still be at work: the lease ends by itself.
            return;
        }

        try
        {
            await leases.ReleaseAsync(Owner, cancellationToken);
        }
        catch (Exception exception) when (Persistence.IsTransient(exception) || cancellationToken.IsCancellationRequested)
        {
            LogNotReleased(logger, exception, Owner, Duration);
        }
    }

    private async Task RenewAsync(CancellationToken stopping)
    {
        var isExpired = false;
        for (var failures = 0; ;)
        {
            var delay = failures == 0 ? Duration / 3 : Persistence.DelayAfter(failures);
            try
            {
                await Task.Delay(delay < Duration / 3 ? delay : Duration / 3, time, stopping);
                var isRegained = await HoldAsync(stopping);
                if (isRegained && _isCordoned)
                {
                    // A lease that has been gone for long is a new one.
                    await leases.CordonAsync(Owner, isCordoned: true, stopping);
                }

                (failures, isExpired) = (0, false);
                if (isRegained)
                {
                    LogRegained(logger, Owner);
                    signal.Raise(RecoveryReason.LeaseRegained);
                }
            }
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                failures++;
                LogNotRenewed(logger, exception, Owner, Persistence.DelayAfter(failures));
                if (!isExpired && !IsHeld)
                {
                    isExpired = true;
                    LogExpired(logger, Owner);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                LogStopped(logger, Owner);
                return;
            }
        }
    }
}
