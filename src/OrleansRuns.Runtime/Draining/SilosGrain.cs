using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Answers on the silo that is asked, which asks the others.</summary>
[GrainType("silos"), StatelessWorker]
internal sealed partial class SilosGrain(SiloDesks desks, TimeProvider time, ILogger<SilosGrain> logger) : Grain, ISilosGrain
{
    /// <summary>How long a silo may take to tell of itself: a list must not wait for one that hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public async Task<IReadOnlyList<SiloSnapshot>> ListAsync(CancellationToken cancellationToken)
    {
        var silos = await desks.ListAsync(cancellationToken);
        return await Task.WhenAll(silos.Select(one => LookAsync(one.Lease, one.Status, cancellationToken)));
    }

    public async Task<SiloSnapshot> CordonAsync(string silo, CancellationToken cancellationToken)
    {
        var found = await FindAsync(silo, cancellationToken);
        return Tell(found, SiloStatus.Active, await desks.AskAsync(found.Owner.Silo, desk => desk.CordonAsync()));
    }

    public async Task<SiloSnapshot> UncordonAsync(string silo, CancellationToken cancellationToken)
    {
        var found = await FindAsync(silo, cancellationToken);
        return Tell(found, SiloStatus.Active, await desks.AskAsync(found.Owner.Silo, desk => desk.UncordonAsync()));
    }

    public async Task<DrainReport?> DrainAsync(string silo, string drainId, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(drainId);
        var found = await FindAsync(silo, cancellationToken);
        return await desks.AskAsync(found.Owner.Silo, desk => desk.DrainAsync(drainId, timeout));
    }

    private async Task<OwnerLease> FindAsync(string name, CancellationToken cancellationToken)
    {
        var active = (await desks.ListAsync(cancellationToken)).Where(one => one.Status == SiloStatus.Active).ToImmutableArray();
        OwnerLease[] found = [.. active.Select(one => one.Lease).Where(one => IsNamed(one.Owner, name.Trim()))];
        return found.Length == 1
            ? found[0]
            : throw new SiloNotFoundException(name, active.Select(one => one.Lease.Owner.Silo.ToParsableString()));
    }

    /// <summary>Tells whether a silo is meant, also by the names that reports and logs give it.</summary>
    private static bool IsNamed(RunOwner owner, string name)
    {
        var parsable = owner.Silo.ToParsableString();
        return name == parsable || name == parsable.Split('@')[0] || name == owner.Silo.ToString() || name == owner.ToString();
    }

    private async Task<SiloSnapshot> LookAsync(OwnerLease lease, SiloStatus status, CancellationToken cancellationToken)
    {
        if (status != SiloStatus.Active)
        {
            return Tell(lease, status, state: null);
        }

        try
        {
            return Tell(lease, status, await desks.AskAsync(lease.Owner.Silo, desk => desk.GetAsync())
                .WaitAsync(Patience, time, cancellationToken));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNoAnswer(logger, exception, lease.Owner.Silo);
            return Tell(lease, status, state: null);
        }
    }

    private static SiloSnapshot Tell(OwnerLease lease, SiloStatus status, SiloState? state) => new()
    {
        Silo = lease.Owner.Silo.ToParsableString(),
        Condition = status switch
        {
            SiloStatus.Joining => SiloCondition.Joining,
            SiloStatus.Active => SiloCondition.Active,
            _ => SiloCondition.Stopping,
        },
        Since = lease.StartedAt,
        IsCordoned = state?.IsCordoned ?? lease.IsCordoned,
        IsDraining = state?.IsDraining ?? status is SiloStatus.ShuttingDown,
        Forecast = state?.Forecast,
    };

    [LoggerMessage(3640, LogLevel.Warning, "Silo {Silo} did not tell of itself.")]
    private static partial void LogNoAnswer(ILogger logger, Exception exception, SiloAddress silo);
}
