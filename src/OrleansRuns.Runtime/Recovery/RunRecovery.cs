using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime.Placement;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>
/// Continues the runs that are not final and that nobody executes: when the silo has become active, at once when another silo of the
/// cluster has died or stops, and again and again for those that could not be continued.
/// </summary>
/// <remarks>
/// To continue a run is to ask its grain for its status: wherever the grain is or is placed, it claims what nobody has claimed. A run
/// that is executed already is told nothing but the question, so that a search is harmless. One search follows the other.
/// </remarks>
internal sealed partial class RunRecovery(
    IOwnerLeases leases,
    SiloLease lease,
    LiveRuns live,
    RecoverySignal signal,
    GraphSilos graphSilos,
    IClusterMembershipService membership,
    IGrainFactory grains,
    IOptions<RunRecoveryOptions> options,
    TimeProvider time,
    ILogger<RunRecovery> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _working = Task.CompletedTask;
    private int _left;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(RunRecovery), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void Dispose() => _stopping.Dispose();

    /// <summary>Continues what nobody looks after.</summary>
    /// <param name="isShared">Whether every live silo does the same now, so that this one leaves the others their share.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    internal async Task<RecoveryResult> RecoverAsync(bool isShared, CancellationToken cancellationToken)
    {
        var members = RecoveryMembers.Of(membership.CurrentSnapshot, lease.Owner);
        var query = new DueRuns { Self = lease.Owner, Live = members.Live, IncludesOwn = true };
        var share = isShared ? await FindShareAsync(cancellationToken) : RecoveryShare.Whole(lease.Owner);
        var (answered, failed) = (0, 0);
        string? after = null;
        while (true)
        {
            var page = await leases.ListDueAsync(query, after, options.Value.PageSize, cancellationToken).WaitAsync(cancellationToken);
            await Parallel.ForEachAsync(
                page.Where(run => IsWanted(run) && (IsOwn(run) || share.IsMine(run.RunId))),
                new ParallelOptions { MaxDegreeOfParallelism = options.Value.Concurrency, CancellationToken = cancellationToken },
                async (run, token) => _ = await ContinueAsync(run, token)
                    ? Interlocked.Increment(ref answered)
                    : Interlocked.Increment(ref failed));
            if (page.Length < options.Value.PageSize)
            {
                return new RecoveryResult(answered, failed);
            }

            after = page[^1].RunId;
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        // The stage must not wait for the search: a silo with many unfinished runs is active all the same.
        _working = Task.WhenAll(
            Task.Run(() => UntilStoppedAsync(SearchAsync), CancellationToken.None),
            Task.Run(() => UntilStoppedAsync(WatchAsync), CancellationToken.None));
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _working;
    }

    private async Task UntilStoppedAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            await work(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogStopped(logger);
        }
    }

    /// <summary>Wakes the search when a silo has died or stops; on a cordoned one, whose own runs wait, also when one comes up.</summary>
    /// <remarks>A silo that stops ends its search in the middle, and may live on for as long as it drains.</remarks>
    private async Task WatchAsync(CancellationToken stopping)
    {
        var (before, activeBefore) = (ImmutableHashSet<SiloAddress>.Empty, ImmutableHashSet<SiloAddress>.Empty);
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stopping))
        {
            var alive = RecoveryMembers.Of(snapshot, lease.Owner).Live.Select(owner => owner.Silo).ToImmutableHashSet();
            var active = snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active)
                .Select(member => member.SiloAddress)
                .ToImmutableHashSet();
            if (!before.IsSubsetOf(alive) || !activeBefore.IsSubsetOf(active))
            {
                signal.Raise(RecoveryReason.SiloLeft);
            }

            if (live.IsCordoned && !active.IsSubsetOf(activeBefore))
            {
                signal.Raise(RecoveryReason.SiloOpened);
            }

            (before, activeBefore) = (alive, active);
        }
    }

    private async Task SearchAsync(CancellationToken stopping)
    {
        var isShared = false;
        for (var failures = 0; ;)
        {
            failures = await SearchOnceAsync(isShared, stopping) ? 0 : failures + 1;
            isShared = await PauseAsync(failures, stopping) && failures == 0;
        }
    }

    /// <summary>Waits until there is a reason to search again.</summary>
    /// <returns>Whether every silo of the cluster searches now for the same reason.</returns>
    private async Task<bool> PauseAsync(int failures, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        var pause = failures > 0 ? Shorter(Persistence.DelayAfter(failures), options.Value.Period) : options.Value.Period;
        while (true)
        {
            var elapsed = time.GetElapsedTime(started);
            var reasons = await signal.WaitAsync(pause > elapsed ? pause - elapsed : TimeSpan.Zero, time, stopping);
            if (reasons.Count == 0)
            {
                // A whole period without a run that was left behind: the next one is looked after at once again.
                _left = pause < options.Value.Period ? _left : 0;
                return false;
            }

            if (reasons.Any(reason => reason != RecoveryReason.RunLeft))
            {
                return reasons.All(reason => reason == RecoveryReason.SiloLeft);
            }

            // A run that is left behind again and again must not make the silo search without end.
            pause = Shorter(pause, time.GetElapsedTime(started) + Persistence.DelayAfter(++_left));
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <returns>Whether everything that was found could be continued.</returns>
    private async Task<bool> SearchOnceAsync(bool isShared, CancellationToken stopping)
    {
        try
        {
            var result = await RecoverAsync(isShared, stopping);
            if (result.Answered > 0)
            {
                LogSearched(logger, result.Answered);
            }

            return result.Failed == 0;
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            LogSearchFailed(logger, exception, options.Value.Period);
            return false;
        }
    }

    private async Task<RecoveryShare> FindShareAsync(CancellationToken cancellationToken)
    {
        try
        {
            var live = await leases.ListLiveAsync(cancellationToken).WaitAsync(cancellationToken);
            return RecoveryShare.Of(membership.CurrentSnapshot, lease.Owner, live);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotShared(logger, exception);
            return RecoveryShare.Whole(lease.Owner);
        }
    }

    /// <summary>Tells whether a due run is recovery's business.</summary>
    private bool IsWanted(RunSummary run) =>
        // This silo's own are due for a second look only: those it executes need none, unless a cancel may not have arrived.
        run.CancelAction is not null || !IsOwn(run) || !live.Contains(run.RunId);

    /// <summary>Tells whether a run is this silo's, which no other silo looks for while it is alive.</summary>
    private bool IsOwn(RunSummary run) => run.Owner == lease.Owner.ToString();

    private async Task<bool> ContinueAsync(RunSummary run, CancellationToken cancellationToken)
    {
        try
        {
            var grain = grains.GetGrain<IRunGrain>(run.RunId);
            if (run.CancelAction is { } action)
            {
                await grain.CancelAsync(action, cancellationToken);
            }
            else if (await graphSilos.ChooseAsync(run.Graph).WaitAsync(cancellationToken) is { } silo)
            {
                RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
                await grain.GetAsync(cancellationToken);
                if (live.IsCordoned && IsOwn(run))
                {
                    // Asked is not gone: a silo that has just come up may not take grains yet, as far as this one knows. Look again soon.
                    signal.Raise(RecoveryReason.RunLeft);
                }
            }
            else if (graphSilos.IsCordonedOff(run.Graph))
            {
                LogCordonedOff(logger, run.RunId);
            }
            else
            {
                LogGraphMissing(logger, run.RunId, run.Graph);
            }

            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotContinued(logger, exception, run.RunId, run.ThreadId, run.Graph);
            return false;
        }
    }
}

/// <summary>What a search did.</summary>
/// <param name="Answered">How many runs answered.</param>
/// <param name="Failed">How many did not.</param>
internal readonly record struct RecoveryResult(int Answered, int Failed);
