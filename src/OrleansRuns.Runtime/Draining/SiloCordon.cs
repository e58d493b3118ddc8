using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Keeps runs from beginning on this silo while an operator wants that. It lives as long as the silo's process.</summary>
internal sealed partial class SiloCordon(
    LiveRuns live, SiloLease lease, SiloDrain drain, SiloDesks desks, TimeProvider time, ILogger<SiloCordon> logger)
    : IDisposable
{
    /// <summary>How long the others may take to hear of it. Those that do not find out when a run they send here comes back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // One change after the other: the gate and the database say the same then, which is what was asked for last.
    private readonly SemaphoreSlim _changing = new(1);
    private bool _isTold;

    internal bool IsCordoned => live.IsCordoned;

    public void Dispose() => _changing.Dispose();

    /// <summary>Closes the gate. Doing it again tells the others again, and nothing else.</summary>
    internal Task CordonAsync()
    {
        // The gate first: what the others send here until they know is refused and moves on.
        live.Cordon();
        return ChangeAsync(CloseAsync);
    }

    /// <summary>Closes the gate and begins to drain the silo, unless that was asked for under this id before.</summary>
    /// <returns>The drain.</returns>
    internal async Task<Task<DrainReport>> DrainAsync(string drainId)
    {
        if (!drain.Knows(drainId))
        {
            live.Cordon();
        }

        return await ChangeAsync(async () =>
        {
            if (!drain.Knows(drainId))
            {
                await CloseAsync();
            }

            // Before the gate can be opened again.
            return drain.DrainNowAsync(drainId);
        });
    }

    /// <summary>Opens the gate again.</summary>
    /// <exception cref="SiloDrainingException">The silo is being drained.</exception>
    internal Task UncordonAsync() => ChangeAsync(OpenAsync);

    /// <returns>Whether that is news.</returns>
    private async Task<bool> CloseAsync()
    {
        // It may have been opened since it was asked to be closed.
        var runs = live.Cordon();
        await lease.CordonAsync(isCordoned: true, CancellationToken.None);
        var isNew = !_isTold;
        _isTold = true;
        if (isNew)
        {
            LogCordoned(logger, lease.Owner, runs.Count);
        }

        await TellAsync();
        return isNew;
    }

    /// <returns>Whether that is news.</returns>
    private async Task<bool> OpenAsync()
    {
        if (drain.IsDraining || live.IsClosed)
        {
            throw new SiloDrainingException(lease.Owner.Silo.ToParsableString());
        }

        await lease.CordonAsync(isCordoned: false, CancellationToken.None);
        live.Uncordon();
        var isNew = _isTold;
        _isTold = false;
        if (isNew)
        {
            LogUncordoned(logger, lease.Owner);
        }

        await TellAsync();
        return isNew;
    }

    private async Task<T> ChangeAsync<T>(Func<Task<T>> change)
    {
        await _changing.WaitAsync();
        try
        {
            return await change();
        }
        finally
        {
            _changing.Release();
        }
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
