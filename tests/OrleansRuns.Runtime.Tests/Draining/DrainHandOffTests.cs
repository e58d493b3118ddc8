using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Runtime.Placement;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose silo stops while others stay, on PostgreSQL.</summary>
public sealed class DrainHandOffTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    // A span that nothing else waits for.
    private readonly WatchedTime _time = new(TimeSpan.FromMilliseconds(9_870));
    private PostgresTestDatabase? _database;
    private PostgresCluster? _cluster;
    private TimeSpan _drainTimeout = TimeSpan.FromSeconds(6);
    private TimeSpan _activationTimeout = new GrainCollectionOptions().ActivationTimeout;

    private PostgresCluster Cluster => _cluster!;

    public async Task InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        _cluster = new PostgresCluster(_database.ConnectionString, silo =>
        {
            silo.Services.AddSingleton<TimeProvider>(_time);
            silo.Services.Configure<RunsOptions>(options =>
                (options.NodeCancellationGrace, options.DeactivationGrace) = (DrainBench.Stuck, _time.Span));
            silo.Services.Configure<DrainOptions>(options =>
                (options.Timeout, options.SuperstepGrace) = (_drainTimeout, TimeSpan.FromMilliseconds(200)));
            // What goes on does so because it was handed over.
            silo.Services.Configure<RunRecoveryOptions>(options => options.Period = TimeSpan.FromDays(1));
            silo.Services.Configure<GrainCollectionOptions>(options => options.ActivationTimeout = _activationTimeout);
        });
    }

    public async Task DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task StopAsync_AnotherSiloStays_RunsGoOnThereFromTheirLastCheckpoint()
    {
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var leaving = Cluster.Silos[0];
        var moved = await StartOnAsync(leaving, count: 8);
        var reading = moved.ConvertAll(run => ReadAsync(run.Run));

        var drain = leaving.Services.GetRequiredService<SiloDrain>();
        await Cluster.StopAsync(leaving);
        foreach (var run in moved)
        {
            await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), $"run '{run.Run.Id}' to go on");
            run.Gate.Open();
        }

        var owner = OwnerOf(Cluster.Silos[0]);
        foreach (var run in moved)
        {
            var ended = await run.Run.WaitAsync().WithinAsync($"run '{run.Run.Id}' to end");
            Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
            Assert.Equal(owner, (await Cluster.Catalog.FindRunAsync(run.Run.Id, None))!.Owner);
            Assert.Equal(["first", "gated", "last"], (await run.Run.ResultAsync<SampleResult>()).Done);
        }

        foreach (var events in await Task.WhenAll(reading).WithinAsync("the readers to end"))
        {
            // Nothing twice, nothing silently missing, across the move.
            EventStream.AssertNothingIsMissedSilently(events);
        }

        var report = await drain.BeginAsync();
        Assert.All(moved, run => Assert.Equal(
            DrainOutcome.Interrupted, Assert.Single(report.Runs, one => one.RunId == run.Run.Id).Outcome));
        Assert.Contains(await Cluster.Runs.GetDrainReportsAsync(), one => one.Silo == report.Silo);
    }

    [Fact]
    public async Task StopAsync_SiblingIsStuck_OthersGoOnBeforeTheDrainEndsAndNoStartFails()
    {
        _drainTimeout = TimeSpan.FromMinutes(1);
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var leaving = Cluster.Silos[0];
        var drainedOwner = OwnerOf(leaving);
        var stuck = (await StartOnAsync(leaving, count: 1, SampleGraphs.Deaf))[0];
        var good = (await StartOnAsync(leaving, count: 1))[0];

        var drain = leaving.Services.GetRequiredService<SiloDrain>();
        var stop = Cluster.StopAsync(leaving);
        await Eventually.TrueAsync(() => Task.FromResult(good.Gate.Arrivals == 2), $"run '{good.Run.Id}' to go on");
        var wasDraining = !drain.BeginAsync().IsCompleted;
        var late = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Cluster.Runs.Thread().StartAsync(SampleGraphs.Ask, new { })))
            .WithinAsync("runs to start while a silo drains");
        await Task.WhenAll(late.Select(run => run.WaitAsync())).WithinAsync("the runs that were started meanwhile to end");

        Assert.True(wasDraining, "The drain was over before its good run went on.");
        foreach (var run in late)
        {
            Assert.NotEqual(drainedOwner, (await Cluster.Catalog.FindRunAsync(run.Id, None))!.Owner);
        }

        stuck.Gate.Open();
        await stop;
    }

    [Fact]
    public async Task StopAsync_DatabaseFailsWhereARunArrives_GoesOnBeforeTheDrainEnds()
    {
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var leaving = Cluster.Silos[0];
        await StartOnAsync(leaving, count: 1, SampleGraphs.Deaf);
        var good = (await StartOnAsync(leaving, count: 1))[0];
        var arrived = OnArrival(() => throw new IOException("The connection was reset."));

        var drain = leaving.Services.GetRequiredService<SiloDrain>();
        var stop = Cluster.StopAsync(leaving);
        await arrived.WithinAsync($"run '{good.Run.Id}' to arrive elsewhere");
        await Eventually.TrueAsync(() => Task.FromResult(good.Gate.Arrivals == 2), $"run '{good.Run.Id}' to go on");
        var wasDraining = !drain.BeginAsync().IsCompleted;
        await stop;

        Assert.True(wasDraining, "The drain was over before its good run went on.");
    }

    [Fact]
    public async Task StopAsync_DatabaseIsSlowerWhereARunArrivesThanActivationsMayBe_LeavesNothingBehindWhenTheRunEnds()
    {
        _activationTimeout = TimeSpan.FromSeconds(2);
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var (leaving, staying) = (Cluster.Silos[0], Cluster.Silos[1]);
        var run = (await StartOnAsync(leaving, count: 1))[0];
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = OnArrival(() => answer.Task);

        await Cluster.StopAsync(leaving);
        await arrived.WithinAsync($"run '{run.Run.Id}' to arrive elsewhere");
        // It answers when the activation has come about, or in the place of one that has failed.
        var grain = staying.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run.Run.Id);
        await Assert.ThrowsAnyAsync<Exception>(() => grain.CancelAsync((CancelAction)(-1))
            .WithinAsync($"the activation of run '{run.Run.Id}' to answer"));
        answer.SetResult();
        await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), $"run '{run.Run.Id}' to go on");
        run.Gate.Open();
        await run.Run.WaitAsync().WithinAsync($"run '{run.Run.Id}' to end");

        var live = staying.Services.GetRequiredService<LiveRuns>();
        await Eventually.TrueAsync(() => Task.FromResult(live.Runs.Count == 0), $"run '{run.Run.Id}' to leave its silo");
        Assert.Empty((await staying.Services.GetRequiredService<SiloDrain>().BeginAsync().WithinAsync("the idle drain")).Runs);
    }

    [Fact]
    public async Task StopAsync_SiloWhereARunHasJustArrivedStopsToo_RunMovesOn()
    {
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var (leaving, next) = (Cluster.Silos[0], Cluster.Silos[1]);
        var run = (await StartOnAsync(leaving, count: 1))[0];
        var (answer, search) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        var arrived = OnArrival(() => answer.Task);
        var onArrival = Cluster.Hooks.Before;
        Cluster.Hooks.Before = call => call == nameof(IOwnerLeases.ListDueAsync) ? search.Task : onArrival(call);

        await Cluster.StopAsync(leaving);
        await arrived.WithinAsync($"run '{run.Run.Id}' to arrive elsewhere");
        await Cluster.StartSilosAsync(1);
        var stop = Cluster.StopAsync(next);
        await Task.WhenAny(_time.Awaited, stop).WithinAsync($"the activation of run '{run.Run.Id}' to end");
        answer.SetResult();
        await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), $"run '{run.Run.Id}' to go on");
        await stop;

        search.SetResult();
        var row = (await Cluster.Catalog.FindRunAsync(run.Run.Id, None))!;
        Assert.Equal((OwnerOf(Cluster.Silos[0]), 2), (row.Owner, row.Attempt));
    }

    [Fact]
    public async Task StopAsync_RunCouldNotBeClaimed_BeginsElsewhereBeforeTheDrainEnds()
    {
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var (leaving, staying) = (Cluster.Silos[0], Cluster.Silos[1]);
        await StartOnAsync(leaving, count: 1, SampleGraphs.Deaf);
        var runId = Guid.CreateVersion7().ToString();
        var (live, tried) = (leaving.Services.GetRequiredService<LiveRuns>(), new TaskCompletionSource());
        Cluster.Hooks.Before = call => call switch
        {
            // Nobody else finds the run before it has come to the silo that stops.
            nameof(IRunCatalog.ListReadyAsync) => tried.Task,
            nameof(IRunCatalog.BeginAsync) when live.Contains(runId) && (tried.TrySetResult() || true) =>
                Task.FromException(new IOException("The connection was reset.")),
            _ => Task.CompletedTask,
        };
        var request = new StartRunRequest { RunId = runId, Graph = SampleGraphs.Gated, Input = "{}" };
        var run = new NewRun(runId, Guid.CreateVersion7().ToString(), request.Graph, "fingerprint", RunRequests.ToRow(request));
        await Cluster.Catalog.AdmitAsync(run, None);
        await AskOnAsync(leaving, runId);
        await tried.Task.WithinAsync($"run '{runId}' to be claimed");

        var drain = leaving.Services.GetRequiredService<SiloDrain>();
        var stop = Cluster.StopAsync(leaving);
        await Cluster.Gates.Of(run.ThreadId).ReachedAsync();
        var wasDraining = !drain.BeginAsync().IsCompleted;
        await stop;

        Assert.True(wasDraining, "The drain was over before the run began.");
        Assert.Equal(OwnerOf(staying), (await Cluster.Catalog.FindRunAsync(runId, None))!.Owner);
    }

    [Fact]
    public async Task StopAsync_PolicyIsStop_EndsForGoodAndTheThreadIsFree()
    {
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var leaving = Cluster.Silos[0];
        var run = (await StartOnAsync(leaving, count: 1, policy: RecoveryPolicy.Stop))[0];
        var waiting = run.Run.WaitAsync();

        await Cluster.StopAsync(leaving);
        var ended = await waiting.WithinAsync("the run to end", TimeSpan.FromMinutes(1));

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained, false), (ended.Status, ended.StopReason, ended.Resumable));
        run.Gate.Open();
        var next = await run.Thread.StartAsync(
            new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = SampleGraphs.Gated });
        Assert.Equal(["first", "gated", "last"], (await next.ResultAsync<SampleResult>().WithinAsync("the next run to end")).Done);
    }

    /// <summary>Has something happen when a run that was drained is read for the first time where it arrives.</summary>
    /// <returns>A task that completes when it is read.</returns>
    private Task OnArrival(Func<Task> happens)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isDrained = false;
        Cluster.Hooks.After = call =>
        {
            isDrained |= call == nameof(IRunCatalog.EndAsync);
            return Task.CompletedTask;
        };
        Cluster.Hooks.Before = call => call == nameof(IRunCatalog.FindRunAsync) && isDrained && arrived.TrySetResult()
            ? happens()
            : Task.CompletedTask;
        return arrived.Task;
    }

    /// <summary>Asks for a run on a silo.</summary>
    private static async Task AskOnAsync(IHost silo, string runId)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress);
        await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(runId).GetAsync()
            .WithinAsync($"run '{runId}' to answer");
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
    }

    private static string OwnerOf(IHost silo) => silo.Services.GetRequiredService<SiloLease>().Owner.ToString();

    private static async Task<List<RunEvent>> ReadAsync(RunHandle run)
    {
        var events = new List<RunEvent>();
        await foreach (var @event in run.EventsAsync())
        {
            events.Add(@event);
        }

        return events;
    }

    /// <summary>Starts runs until so many of them are executed by a silo.</summary>
    private async Task<List<GatedRun>> StartOnAsync(
        IHost silo, int count, string graph = SampleGraphs.Gated, RecoveryPolicy policy = RecoveryPolicy.Resume)
    {
        var here = new List<GatedRun>();
        for (var started = 0; here.Count < count; started++)
        {
            Assert.True(started < count + 60, "No run is placed on the silo.");
            var thread = Cluster.Runs.Thread();
            var run = await thread.StartAsync(new StartRunRequest
            {
                RunId = Guid.CreateVersion7().ToString(),
                Graph = graph,
                Input = JsonSerializer.Serialize(new { }),
                RecoveryPolicy = policy,
            });
            var gate = Cluster.Gates.Of(thread.Id);
            await gate.ReachedAsync();
            if ((await Cluster.Catalog.FindRunAsync(run.Id, None))!.Owner == OwnerOf(silo))
            {
                here.Add(new GatedRun(thread, run, gate));
            }
            else
            {
                gate.Open();
            }
        }

        return here;
    }

    /// <summary>Tells when something begins to wait for a span.</summary>
    private sealed class WatchedTime(TimeSpan span) : TimeProvider
    {
        private readonly TaskCompletionSource _awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TimeSpan Span => span;

        internal Task Awaited => _awaited.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == span)
            {
                _awaited.TrySetResult();
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
