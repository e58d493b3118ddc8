using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose silo stops while others stay, on PostgreSQL.</summary>
public sealed class DrainHandOffTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private PostgresTestDatabase? _database;
    private PostgresCluster? _cluster;

    private PostgresCluster Cluster => _cluster!;

    public async Task InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        _cluster = new PostgresCluster(_database.ConnectionString, silo =>
        {
            silo.Services.Configure<RunsOptions>(options => options.NodeCancellationGrace = DrainBench.Stuck);
            silo.Services.Configure<DrainOptions>(options =>
                (options.Timeout, options.SuperstepGrace) = (TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(200)));
            // What goes on does so because it was handed over.
            silo.Services.Configure<RunRecoveryOptions>(options => options.Period = TimeSpan.FromDays(1));
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
        await Cluster.StartSilosAsync(2);
        await Cluster.ConnectAsync();
        var leaving = Cluster.Silos[0];
        var drainedOwner = OwnerOf(leaving);
        await StartOnAsync(leaving, count: 1, SampleGraphs.Deaf);
        var good = (await StartOnAsync(leaving, count: 1))[0];

        var drain = leaving.Services.GetRequiredService<SiloDrain>();
        var stop = Cluster.StopAsync(leaving);
        await Eventually.TrueAsync(() => Task.FromResult(good.Gate.Arrivals == 2), $"run '{good.Run.Id}' to go on");
        var wasDraining = !drain.BeginAsync().IsCompleted;
        var late = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Cluster.Runs.Thread().StartAsync(SampleGraphs.Ask, new { })))
            .WithinAsync("runs to start while a silo drains");
        await Task.WhenAll(late.Select(run => run.WaitAsync())).WithinAsync("the runs that were started meanwhile to end");
        await stop;

        Assert.True(wasDraining, "The drain was over before its good run went on.");
        foreach (var run in late)
        {
            Assert.NotEqual(drainedOwner, (await Cluster.Catalog.FindRunAsync(run.Id, None))!.Owner);
        }
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
        var next = await run.Thread.StartAsync(new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = SampleGraphs.Gated });
        Assert.Equal(["first", "gated", "last"], (await next.ResultAsync<SampleResult>().WithinAsync("the next run to end")).Done);
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
}
