using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Silos that an operator takes out of service and back, on PostgreSQL.</summary>
public sealed class SiloCordonTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Losses _losses = new();
    private PostgresTestDatabase? _database;
    private PostgresCluster? _cluster;
    private TimeSpan _drainTimeout = TimeSpan.FromSeconds(6);
    private TimeSpan _nodeGrace = new RunsOptions().NodeCancellationGrace;

    private PostgresCluster Cluster => _cluster!;

    public async Task InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        _cluster = new PostgresCluster(_database.ConnectionString, silo =>
        {
            silo.Services.Configure<DrainOptions>(options =>
                (options.Timeout, options.SuperstepGrace) = (_drainTimeout, TimeSpan.FromMilliseconds(200)));
            // What begins or goes on does so because the cordon says so, and not because somebody looks now and then.
            silo.Services.Configure<RunRecoveryOptions>(options => options.Period = TimeSpan.FromDays(1));
            silo.Services.Configure<RunsOptions>(options =>
                (options.PendingPeriod, options.NodeCancellationGrace) = (TimeSpan.FromMinutes(10), _nodeGrace));
            silo.Services.AddSingleton<IIncomingGrainCallFilter>(_losses);
        });
    }

    public async Task DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task CordonSiloAsync_OthersStay_GetsNoneOf200RunsAndEndsWhatIsUnderWay()
    {
        await StartAsync(silos: 2);
        var (cordoned, open) = (Cluster.Silos[0], Cluster.Silos[1]);
        var before = await StartOnAsync(cordoned);

        var told = await Cluster.Runs.CordonSiloAsync(NameOf(cordoned));
        var runs = await StartAskingAsync(200);
        before.Gate.Open();
        await before.Run.ResultAsync<SampleResult>().WithinAsync($"run '{before.Run.Id}' to end where it began");

        Assert.Equal((true, false, 1), (told.IsCordoned, told.IsDraining, told.Forecast!.Value.Runs));
        Assert.Equal(OwnerOf(cordoned), (await RowAsync(before.Run)).Owner);
        Assert.Equal([OwnerOf(open)], (await Task.WhenAll(runs.Select(RowAsync))).Select(row => row.Owner).Distinct());
        Assert.All(await Task.WhenAll(runs.Select(run => run.GetAsync())), run => Assert.Equal(RunStatus.Success, run.Status));
    }

    [Fact]
    public async Task UncordonSiloAsync_AfterACordon_TakesRunsAgain()
    {
        await StartAsync(silos: 2);
        var silo = Cluster.Silos[0];
        await Cluster.Runs.CordonSiloAsync(NameOf(silo));
        await Cluster.Runs.CordonSiloAsync(NameOf(silo));

        var told = await Cluster.Runs.UncordonSiloAsync(NameOf(silo));
        var again = await Cluster.Runs.UncordonSiloAsync(NameOf(silo));
        var runs = await StartAskingAsync(60);

        Assert.Equal((false, false), (told.IsCordoned, again.IsCordoned));
        Assert.Contains(OwnerOf(silo), (await Task.WhenAll(runs.Select(RowAsync))).Select(row => row.Owner));
        Assert.All(await Cluster.Runs.GetSilosAsync(), one => Assert.False(one.IsCordoned));
    }

    [Fact]
    public async Task CordonSiloAsync_OnlySilo_RunsStayPendingAndBeginWhenItIsUndone()
    {
        await StartAsync(silos: 1);
        var silo = Cluster.Silos[0];
        await Cluster.Runs.CordonSiloAsync(NameOf(silo));

        var threads = Enumerable.Range(0, 20).Select(_ => Cluster.Runs.Thread()).ToList();
        var runs = await Task.WhenAll(threads.Select(thread => thread.StartAsync(SampleGraphs.Ask, new { })));
        var waiting = runs.Select(run => run.WaitAsync()).ToList();
        await runs[0].CancelAsync();
        var cancelled = await waiting[0].WithinAsync("the cancelled run to end on the cordoned silo");
        var held = await Task.WhenAll(runs.Select(RowAsync));
        await Cluster.Runs.UncordonSiloAsync(NameOf(silo));
        var ended = await Task.WhenAll(waiting).WithinAsync("the runs to end after the cordon was undone");

        Assert.Equal(RunStatus.Interrupted, cancelled.Status);
        Assert.All(held.Skip(1), row => Assert.Equal((RunStatus.Pending, 0), (row.Status, row.Attempt)));
        Assert.All(ended.Skip(1), run => Assert.Equal((RunStatus.Success, 1), (run.Status, run.Attempt)));
    }

    [Fact]
    public async Task DrainSiloAsync_OthersStay_RunsGoOnThereAndTheSiloStaysUpUntilItIsStopped()
    {
        await StartAsync(silos: 2);
        var (silo, other) = (Cluster.Silos[0], Cluster.Silos[1]);
        var runs = new List<GatedRun>();
        for (var index = 0; index < 8; index++)
        {
            runs.Add(await StartOnAsync(silo));
        }

        var reading = runs.ConvertAll(run => ReadAsync(run.Run));
        var report = await Cluster.Runs.DrainSiloAsync(NameOf(silo)).WithinAsync("the drain");
        foreach (var run in runs)
        {
            await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), $"run '{run.Run.Id}' to go on elsewhere");
            run.Gate.Open();
        }

        foreach (var (run, index) in runs.Select((run, index) => (run, index)))
        {
            var ended = await run.Run.WaitAsync().WithinAsync($"run '{run.Run.Id}' to end");
            Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
            Assert.Equal(OwnerOf(other), (await RowAsync(run.Run)).Owner);
            Assert.Equal(["first", "gated", "last"], (await run.Run.ResultAsync<SampleResult>()).Done);
            EventStream.AssertNothingIsMissedSilently(await reading[index].WithinAsync("the reader to end"));
        }

        Assert.Equal(8, report.Count(DrainOutcome.Interrupted));
        Assert.True(report.IsWithinBudget);
        var after = (await Cluster.Runs.GetSilosAsync()).Single(one => one.Silo == NameOf(silo));
        Assert.Equal(
            (SiloCondition.Active, true, false, 0), (after.Condition, after.IsCordoned, after.IsDraining, after.Forecast!.Value.Runs));

        await Cluster.Runs.UncordonSiloAsync(NameOf(silo));
        var late = await StartOnAsync(silo);
        await Cluster.StopAsync(silo);
        await Eventually.TrueAsync(() => Task.FromResult(late.Gate.Arrivals == 2), $"run '{late.Run.Id}' to go on after the stop");
        late.Gate.Open();
        await late.Run.WaitAsync().WithinAsync("the last run to end");
        var reports = (await Cluster.Runs.GetDrainReportsAsync()).Where(one => one.Silo == report.Silo).ToList();
        Assert.Equal([1, 8], reports.ConvertAll(one => one.Runs.Count));
        Assert.Equal(late.Run.Id, Assert.Single(reports[0].Runs).RunId);
    }

    [Fact]
    public async Task DrainSiloAsync_OnlySilo_RunsGoOnWhenTheCordonIsUndone()
    {
        await StartAsync(silos: 1);
        var silo = Cluster.Silos[0];
        var run = await StartOnAsync(silo);

        var report = await Cluster.Runs.DrainSiloAsync(NameOf(silo)).WithinAsync("the drain");
        var drained = await run.Run.GetAsync();
        await Cluster.Runs.UncordonSiloAsync(NameOf(silo));
        await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), "the run to go on by itself");
        run.Gate.Open();
        var ended = await run.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal(DrainOutcome.Interrupted, Assert.Single(report.Runs).Outcome);
        Assert.Equal((RunStatus.Interrupted, StopReason.Drained, true), (drained.Status, drained.StopReason, drained.Resumable));
        Assert.Equal((RunStatus.Success, 2), (ended.Status, ended.Attempt));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DrainSiloAsync_NoOtherIsOpen_RunsGoOnWhenOneIsOrComesUp(bool comesUp)
    {
        await StartAsync(silos: comesUp ? 1 : 2);
        var silo = Cluster.Silos[0];
        if (!comesUp)
        {
            await Cluster.Runs.CordonSiloAsync(NameOf(Cluster.Silos[1]));
        }

        var run = await StartOnAsync(silo);
        await Cluster.Runs.DrainSiloAsync(NameOf(silo)).WithinAsync("the drain");
        Assert.Equal(1, run.Gate.Arrivals);

        await (comesUp ? Cluster.StartSilosAsync(1) : Cluster.Runs.UncordonSiloAsync(NameOf(Cluster.Silos[1])));
        await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), $"run '{run.Run.Id}' to go on elsewhere unasked");
        run.Gate.Open();

        Assert.Equal(RunStatus.Success, (await run.Run.WaitAsync().WithinAsync("the run to end")).Status);
        Assert.Equal(OwnerOf(Cluster.Silos[1]), (await RowAsync(run.Run)).Owner);
    }

    [Fact]
    public async Task DrainSiloAsync_RunThatIsAskedToGoOnDoesNot_IsAskedAgain()
    {
        await StartAsync(silos: 1);
        var run = await StartOnAsync(Cluster.Silos[0]);
        await Cluster.Runs.DrainSiloAsync(NameOf(Cluster.Silos[0])).WithinAsync("the drain");
        var lost = _losses.LoseNext();

        await Cluster.StartSilosAsync(1);
        await lost.WithinAsync($"run '{run.Run.Id}' to be asked in vain");
        await Eventually.TrueAsync(() => Task.FromResult(run.Gate.Arrivals == 2), $"run '{run.Run.Id}' to go on elsewhere unasked");
        run.Gate.Open();

        Assert.Equal(RunStatus.Success, (await run.Run.WaitAsync().WithinAsync("the run to end")).Status);
    }

    [Fact]
    public async Task StopAsync_WhileAnOperatorDrains_JoinsThatDrain()
    {
        // The drain is under way as long as the test wants.
        (_drainTimeout, _nodeGrace) = (TimeSpan.FromMinutes(1), DrainBench.Stuck);
        await StartAsync(silos: 2);
        var silo = Cluster.Silos[0];
        var run = await StartOnAsync(silo, SampleGraphs.Deaf);
        var drain = silo.Services.GetRequiredService<SiloDrain>();

        var forced = drain.DrainNowAsync("one");
        var same = drain.DrainNowAsync("two");
        var refused = await Assert.ThrowsAsync<SiloDrainingException>(() => Cluster.Runs.UncordonSiloAsync(NameOf(silo)));
        var stopping = drain.BeginAsync();
        run.Gate.Open();
        await Cluster.StopAsync(silo);

        Assert.Same(forced, same);
        Assert.Same(forced, stopping);
        Assert.Contains("drain", refused.Message, StringComparison.Ordinal);
        Assert.Single(await Cluster.Runs.GetDrainReportsAsync());
    }

    [Fact]
    public async Task CordonAsync_WhileTheOneBeforeIsUndone_TheLastWordCounts()
    {
        await StartAsync(silos: 1);
        var silo = Cluster.Silos[0];
        var cordon = silo.Services.GetRequiredService<SiloCordon>();
        await cordon.CordonAsync();
        var undoing = HoldNextCordon(out var answer);

        var undone = cordon.UncordonAsync();
        await undoing;
        var cordoned = cordon.CordonAsync();
        answer.SetResult();
        await Task.WhenAll(undone, cordoned).WithinAsync("both to be done");

        Assert.Equal((true, true), (cordon.IsCordoned, await IsCordonedInTheDatabaseAsync(silo)));
    }

    [Fact]
    public async Task UncordonAsync_WhileADrainCloses_IsRefusedBecauseTheDrainComesFirst()
    {
        await StartAsync(silos: 1);
        var silo = Cluster.Silos[0];
        var run = await StartOnAsync(silo, SampleGraphs.Deaf);
        var cordon = silo.Services.GetRequiredService<SiloCordon>();
        var closing = HoldNextCordon(out var answer);

        var begun = cordon.DrainAsync("drain");
        await closing;
        var undone = cordon.UncordonAsync();
        answer.SetResult();
        await Assert.ThrowsAsync<SiloDrainingException>(() => undone.WithinAsync("the undoing to be refused"));
        var report = await (await begun).WithinAsync("the drain to end");

        Assert.Equal(run.Run.Id, Assert.Single(report.Runs).RunId);
        Assert.Equal((true, true), (cordon.IsCordoned, await IsCordonedInTheDatabaseAsync(silo)));
    }

    [Fact]
    public async Task CordonSiloAsync_UnknownSilo_NamesThoseThereAre()
    {
        await StartAsync(silos: 1);
        var name = NameOf(Cluster.Silos[0]);

        var exception = await Assert.ThrowsAsync<SiloNotFoundException>(() => Cluster.Runs.CordonSiloAsync("10.1.2.3:4"));
        var told = await Cluster.Runs.CordonSiloAsync(name.Split('@')[0]);

        Assert.Contains("10.1.2.3:4", exception.Message, StringComparison.Ordinal);
        Assert.Contains(name, exception.Message, StringComparison.Ordinal);
        Assert.Equal(name, told.Silo);
    }

    private static string OwnerOf(IHost silo) => silo.Services.GetRequiredService<SiloLease>().Owner.ToString();

    private static string NameOf(IHost silo) => silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();

    private static async Task<List<RunEvent>> ReadAsync(RunHandle run)
    {
        var events = new List<RunEvent>();
        await foreach (var @event in run.EventsAsync())
        {
            events.Add(@event);
        }

        return events;
    }

    private async Task StartAsync(int silos)
    {
        await Cluster.StartSilosAsync(silos);
        await Cluster.ConnectAsync();
    }

    /// <summary>Applies the next change of a cordon in the database and keeps its answer.</summary>
    /// <returns>A task that completes when it is applied.</returns>
    private Task HoldNextCordon(out TaskCompletionSource answer)
    {
        var applied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.Hooks.After = call =>
            call == nameof(IOwnerLeases.CordonAsync) && applied.TrySetResult() ? held.Task : Task.CompletedTask;
        return applied.Task.WithinAsync("the cordon to be changed in the database");
    }

    private static async Task<bool> IsCordonedInTheDatabaseAsync(IHost silo) =>
        (await silo.Services.GetRequiredService<IOwnerLeases>().ListLiveAsync(None))
        .Single(lease => lease.Owner.ToString() == OwnerOf(silo)).IsCordoned;

    private async Task<RunRow> RowAsync(RunHandle run) => (await Cluster.Catalog.FindRunAsync(run.Id, None))!;

    private async Task<RunHandle[]> StartAskingAsync(int count)
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Cluster.Runs.Thread().StartAsync(SampleGraphs.Ask, new { })))
            .WithinAsync($"{count} runs to start");
        await Task.WhenAll(runs.Select(run => run.WaitAsync())).WithinAsync($"{count} runs to end");
        return runs;
    }

    /// <summary>Starts runs until a silo executes one.</summary>
    private async Task<GatedRun> StartOnAsync(IHost silo, string graph = SampleGraphs.Gated)
    {
        for (var started = 0; ; started++)
        {
            Assert.True(started < 60, "No run is placed on the silo.");
            var thread = Cluster.Runs.Thread();
            var run = new GatedRun(thread, await thread.StartAsync(graph, new { }), Cluster.Gates.Of(thread.Id));
            await run.Gate.ReachedAsync();
            if ((await RowAsync(run.Run)).Owner == OwnerOf(silo))
            {
                return run;
            }

            run.Gate.Open();
        }
    }

    /// <summary>Lets a run be asked how it is without hearing of it, as one that is placed in vain.</summary>
    private sealed class Losses : IIncomingGrainCallFilter
    {
        private TaskCompletionSource? _next;

        internal Task LoseNext() => (_next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.Grain is IRunGrain && context.InterfaceMethod.Name == nameof(IRunGrain.GetAsync) && _next?.TrySetResult() == true)
            {
                context.Result = null;
                return;
            }

            await context.Invoke();
        }
    }
}
