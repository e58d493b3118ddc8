using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>
/// Begins pending runs that hold their slot and that nobody has begun: those over the limit of active runs when there is room again, and
/// those whose first call was lost.
/// </summary>
/// <remarks>The queue itself is in the database. What is kept here is at most one page of it, and may be out of date.</remarks>
internal sealed partial class PendingRuns(
    IRunCatalog catalog,
    ActiveRuns active,
    LiveRuns live,
    ThreadSlots slots,
    RunWaker waker,
    IGraphs graphs,
    SiloLease lease,
    IOptions<RunsOptions> options,
    TimeProvider time,
    ILogger<PendingRuns> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const int PageSize = 200;
    private const int Concurrency = 16;

    private readonly CancellationTokenSource _stopping = new();
    private Task _feeding = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(PendingRuns), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void Dispose() => _stopping.Dispose();

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _feeding = Task.Run(() => FeedAsync(_stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _feeding;
    }

    private async Task FeedAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested && !live.IsClosed)
        {
            var refusal = active.NextRefusal();
            var opened = live.Opened;
            try
            {
                await FreeBlockedAsync(stopping);
                if (live.IsOpen)
                {
                    await BeginAsync(stopping);
                }
            }
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                LogNotFed(logger, exception, options.Value.PendingPeriod);
            }
            catch (Exception exception)
            {
                LogStopped(logger, exception);
            }

            await Task.WhenAny(refusal, opened, Task.Delay(options.Value.PendingPeriod, time, stopping));
        }
    }

    private async Task BeginAsync(CancellationToken stopping)
    {
        ImmutableArray<RunSummary> page = [];
        ImmutableArray<RunSummary> before;
        do
        {
            before = page;
            page = await catalog.ListReadyAsync(lease.Owner.ClusterId, [.. graphs.Names], PageSize, stopping).WaitAsync(stopping);
            var limit = new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = stopping };
            await Parallel.ForEachAsync(AsRoomPermitsAsync(page, stopping), limit, async (run, token) =>
            {
                try
                {
                    if (live.IsOpen)
                    {
                        // A silo that stops does not wait for an answer.
                        await waker.WakeHereAsync(run.RunId).WaitAsync(token);
                    }
                }
                finally
                {
                    active.Answered();
                }
            });
        }
        // A page that none has left is of runs that cannot begin yet, such as those that wait for room on a silo with their version.
        while (live.IsOpen && page.Length == PageSize && page.Any(run => before.All(known => known.RunId != run.RunId)));
    }

    /// <summary>Tells one run after the other, as runs end: a run's end costs no query, and asks no more of them than have room.</summary>
    private async IAsyncEnumerable<RunSummary> AsRoomPermitsAsync(
        ImmutableArray<RunSummary> page, [EnumeratorCancellation] CancellationToken stopping)
    {
        foreach (var run in page)
        {
            for (var room = active.NextRoom(); !active.TryAsk(); room = active.NextRoom())
            {
                await room.WaitAsync(stopping);
            }

            yield return run;
        }
    }

    /// <summary>Frees threads whose edit has died while runs wait for them.</summary>
    private async Task FreeBlockedAsync(CancellationToken stopping)
    {
        // A silo that stops does not wait for a database that does not answer.
        var since = time.GetUtcNow() - options.Value.EditTimeout;
        foreach (var thread in await catalog.ListBlockedAsync(since, PageSize, stopping).WaitAsync(stopping))
        {
            // A silo that stops does not wait for the run it wakes.
            await slots.FreeDeadEditAsync(thread, stopping).WaitAsync(stopping);
        }
    }

    [LoggerMessage(3310, LogLevel.Error, "The pending runs could not be looked for. They are looked for again after {Period}.")]
    private static partial void LogNotFed(ILogger logger, Exception exception, TimeSpan period);

    [LoggerMessage(3311, LogLevel.Debug, "Pending runs are no longer begun here: the silo stops.")]
    private static partial void LogStopped(ILogger logger, Exception exception);
}
