using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Keeps runs from beginning on this silo while an operator wants that. It lives as long as the silo's process.</summary>
internal sealed partial class SiloCordon(
    LiveRuns live, SiloLease lease, SiloDrain drain, SiloDesks desks, TimeProvider time, ILogger<SiloCordon> logger)
{
    /// <summary>How long the others may take to hear of it. Those that do not find out when a run they send here comes back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    internal bool IsCordoned => live.IsCordoned;

    /// <summary>Closes the gate. Doing it again tells the others again, and nothing else.</summary>
    internal async Task CordonAsync()
    {
        var isNew = !live.IsCordoned;
        // The gate first: what the others send here until they know is refused and moves on.
        var runs = live.Cordon();
        await lease.CordonAsync(isCordoned: true, CancellationToken.None);
        if (isNew)
        {
            LogCordoned(logger, lease.Owner, runs.Count);
        }

        await TellAsync();
    }

    /// <summary>Opens the gate again.</summary>
    /// <exception cref="SiloDrainingException">The silo is being drained.</exception>
    internal async Task UncordonAsync()
    {
        if (drain.IsDraining || live.IsClosed)
        {
            throw new SiloDrainingException(lease.Owner.Silo.ToParsableString());
        }

        var isNew = live.IsCordoned;
        await lease.CordonAsync(isCordoned: false, CancellationToken.None);
        live.Uncordon();
        if (isNew)
        {
            LogUncordoned(logger, lease.Owner);
        }

        await TellAsync();
    }

    private async Task TellAsync()
    {
        var others = (await desks.ListAsync(CancellationToken.None))
            .Where(one => one.Status == SiloStatus.Active && one.Lease.Owner != lease.Owner)
            .Select(one => one.Lease.Owner.Silo);
        await Task.WhenAll(others.Select(TellAsync));
    }

    private async Task TellAsync(SiloAddress other)
    {
        try
        {
            await desks.AskAsync(other, async desk =>
            {
                await desk.RefreshAsync();
                return true;
            }).WaitAsync(Patience, time);
        }
        catch (Exception exception)
        {
            LogNotTold(logger, exception, other);
        }
    }

    [LoggerMessage(3630, LogLevel.Information, "Silo {Silo} is cordoned: no run begins here. {Count} runs go on to their end.")]
    private static partial void LogCordoned(ILogger logger, RunOwner silo, int count);

    [LoggerMessage(3631, LogLevel.Information, "Silo {Silo} is no longer cordoned: runs begin here again.")]
    private static partial void LogUncordoned(ILogger logger, RunOwner silo);

    [LoggerMessage(3632, LogLevel.Warning, "Silo {Silo} could not be told of a cordon. It learns of it within seconds.")]
    private static partial void LogNotTold(ILogger logger, Exception exception, SiloAddress silo);
}
