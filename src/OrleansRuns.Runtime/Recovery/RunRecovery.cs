using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>
/// Continues the runs that are not final and that nobody executes: when the silo has become active, and again and again for those
/// that the first search could not continue.
/// </summary>
/// <remarks>A run that is executed already is told nothing but a question for its status, so that a search is harmless.</remarks>
internal sealed partial class RunRecovery(
    IRunCatalog catalog,
    IGrainFactory grains,
    IOptions<RunRecoveryOptions> options,
    TimeProvider time,
    ILogger<RunRecovery> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _searching = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(RunRecovery), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void Dispose() => _stopping.Dispose();

    /// <summary>Asks every run that is not final for its status, which makes its grain go on with it.</summary>
    /// <returns>How many runs answered.</returns>
    internal async Task<int> RecoverAsync(CancellationToken cancellationToken)
    {
        var answered = 0;
        string? after = null;
        while (true)
        {
            var page = await catalog.ListUnfinishedAsync(after, options.Value.PageSize, cancellationToken);
            await Parallel.ForEachAsync(
                page,
                new ParallelOptions { MaxDegreeOfParallelism = options.Value.Concurrency, CancellationToken = cancellationToken },
                async (run, token) =>
                {
                    if (await ContinueAsync(run, token))
                    {
                        Interlocked.Increment(ref answered);
                    }
                });
            if (page.Length < options.Value.PageSize)
            {
                return answered;
            }

            after = page[^1].RunId;
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        // The stage must not wait for the search: a silo with many unfinished runs is active all the same.
        _searching = Task.Run(() => SearchAsync(_stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _searching;
    }

    private async Task SearchAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(options.Value.Period, time);
        try
        {
            do
            {
                await SearchOnceAsync(stopping);
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            LogStopped(logger);
        }
    }

    private async Task SearchOnceAsync(CancellationToken stopping)
    {
        try
        {
            var answered = await RecoverAsync(stopping);
            if (answered > 0)
            {
                LogSearched(logger, answered);
            }
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            LogSearchFailed(logger, exception, options.Value.Period);
        }
    }

    private async Task<bool> ContinueAsync(RunRow run, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IRunGrain>(run.RunId).GetAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotContinued(logger, exception, run.RunId, run.ThreadId, run.Graph);
            return false;
        }
    }
}
