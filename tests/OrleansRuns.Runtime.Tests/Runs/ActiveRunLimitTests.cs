using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>The limit of runs that a silo executes at the same time, and the durable queue behind it.</summary>
public sealed class ActiveRunLimitTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    [Fact]
    public async Task StartAsync_OverTheLimit_StaysPendingUntilThereIsRoom()
    {
        await using var cluster = await StartAsync(limit: 2);
        var active = new[] { await cluster.StartGatedRunAsync(), await cluster.StartGatedRunAsync() };
        var thread = cluster.Runs.Thread();
        var third = await thread.StartAsync(SampleGraphs.Gated, new { });
        var waiting = third.WaitAsync();

        var pending = await third.GetAsync();
        Assert.Equal((RunStatus.Pending, 0), (pending.Status, pending.Attempt));
        active[0].Gate.Open();
        await cluster.Gates.Of(thread.Id).ReachedAsync();
        cluster.Gates.OpenAll();

        Assert.Equal(RunStatus.Success, (await waiting.WithinAsync("the third run to end")).Status);
    }

    [Fact]
    public async Task StartAsync_BurstOverTheLimit_IsAdmittedAtOnceAndWorksItselfOff()
    {
        const int Burst = 300;
        await using var cluster = await StartAsync(limit: 8);
        cluster.Gates.OpenAll();
        var lists = cluster.Services.GetRequiredService<IRunLists>();
        var unfinished = new RunSearch { Statuses = [RunStatus.Pending, RunStatus.Running], Limit = 1 };

        var started = await Task.WhenAll(
            Enumerable.Range(0, Burst).Select(_ => cluster.Runs.Thread().StartAsync(SampleGraphs.Gated, new { })));

        await Eventually.TrueAsync(
            async () => (await lists.SearchRunsAsync(unfinished, CancellationToken.None)).Runs.Count == 0,
            $"the burst of {Burst} runs to be worked off",
            TimeSpan.FromMinutes(2));
        var runs = await Task.WhenAll(started.Select(run => run.GetAsync()));
        Assert.All(runs, run => Assert.Equal((RunStatus.Success, 1), (run.Status, run.Attempt)));
        Assert.True(MostAtOnce(runs) <= 8, $"{MostAtOnce(runs)} runs were active at the same time.");
    }

    [Fact]
    public async Task Pending_OneRunEndsAfterTheOther_AsksOneAtATimeInTheirOrder()
    {
        const int Pending = 17;
        using var store = new RunStore();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        await using var cluster = await RunCluster.StartAsync(options =>
        {
            options.Store = store;
            options.Configure = runs => runs.Configure<RunsOptions>(one => (one.MaxActiveRuns, one.PendingPeriod) = (1, Never));
        });
        var allEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ends = 0;
        var active = await cluster.StartGatedRunAsync();
        store.Hooks.Before = call => call == nameof(IRunCatalog.ListReadyAsync) ? held.Task : Task.CompletedTask;
        var pending = new List<RunHandle>();
        while (pending.Count < Pending)
        {
            pending.Add(await cluster.Runs.Thread().StartAsync(SampleGraphs.Gated, new { }));
        }

        store.Hooks.Before = call =>
        {
            Interlocked.Add(ref asked, call == nameof(IRunCatalog.FindRunAsync) ? 1 : 0);
            return Task.CompletedTask;
        };
        store.Hooks.After = call =>
        {
            if (call == nameof(IRunCatalog.EndAsync) && Interlocked.Increment(ref ends) == Pending + 1)
            {
                allEnded.SetResult();
            }

            return Task.CompletedTask;
        };
        held.SetResult();
        cluster.Gates.OpenAll();
        await allEnded.Task.WithinAsync($"the active and the {Pending} pending runs to end");
        var asking = asked;
        var ended = await Task.WhenAll(pending.Select(run => run.GetAsync()));

        Assert.InRange(asking, Pending, Pending * 2);
        Assert.Equal(RunStatus.Success, (await active.Run.GetAsync()).Status);
        Assert.All(ended, run => Assert.Equal((RunStatus.Success, 1), (run.Status, run.Attempt)));
        Assert.Equal(pending.Select(run => run.Id), ended.OrderBy(run => run.StartedAt).Select(run => run.RunId));
    }

    [Fact]
    public async Task CancelAsync_PendingOverTheLimit_EndsAtOnce()
    {
        await using var cluster = await StartAsync(limit: 1);
        await cluster.StartGatedRunAsync();
        var pending = await cluster.Runs.Thread().StartAsync(SampleGraphs.Gated, new { });

        var ended = await pending.CancelAndWaitAsync().WithinAsync("the pending run to end");

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 0), (ended.Status, ended.StopReason, ended.Attempt));
    }

    [Fact]
    public async Task StartAsync_EditHasDiedBeforeAQueuedRun_BeginsWhenTheEditIsGivenUp()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.Configure = runs =>
            runs.Configure<RunsOptions>(one => (one.EditTimeout, one.PendingPeriod) =
                (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100))));
        cluster.Gates.OpenAll();
        var thread = cluster.Runs.Thread();
        await cluster.Catalog.TakeSlotAsync(thread.Id, SampleGraphs.Gated, "edit-dead", CancellationToken.None);

        var run = await thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);

        Assert.Equal(RunStatus.Success, (await run.WaitAsync().WithinAsync("the queued run to end")).Status);
    }

    [Fact]
    public async Task StartAsync_EditHasDiedAndTheLogCannotBeRead_EndsTheQueuedRunAsAnError()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.Configure = runs =>
            runs.Configure<RunsOptions>(one => (one.EditTimeout, one.PendingPeriod) =
                (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100))));
        var thread = cluster.Runs.Thread();
        var slot = await cluster.Catalog.TakeSlotAsync(thread.Id, SampleGraphs.Gated, "edit-dead", CancellationToken.None);
        var misfit = LogEntries.Entry("edit-dead/1/0", isBase: true, LogEntries.Checkpoint("follows what is not there"));
        await cluster.Log.AppendAsync(slot.LogId, 0, misfit, CancellationToken.None);

        // Its thread, which cannot be read any more, would refuse to start it.
        var request = new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = SampleGraphs.Gated, Input = "{}" };
        var queued = new NewRun(request.RunId, thread.Id, request.Graph, "fingerprint", RunRequests.ToRow(request))
        {
            Strategy = MultitaskStrategy.Enqueue,
        };
        await cluster.Catalog.AdmitAsync(queued, CancellationToken.None);
        var run = cluster.Runs.Run(request.RunId);

        Assert.Equal(RunStatus.Error, (await run.WaitAsync().WithinAsync("the queued run to end")).Status);
    }

    private static Task<RunCluster> StartAsync(int limit) => RunCluster.StartAsync(options =>
        options.Configure = runs => runs.Configure<RunsOptions>(
            one => (one.MaxActiveRuns, one.PendingPeriod) = (limit, TimeSpan.FromMilliseconds(100))));

    /// <summary>Counts the runs whose times overlap, from their rows alone.</summary>
    private static int MostAtOnce(IReadOnlyCollection<RunSnapshot> runs) =>
        runs.Max(run => runs.Count(other => other.StartedAt <= run.StartedAt && run.StartedAt < other.UpdatedAt));
}
