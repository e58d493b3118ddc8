using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime.Placement;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose activation is placed on a silo whose gate is closed, because it stops or because it is cordoned.</summary>
public sealed class ClosedGateTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly ConcurrentQueue<(SiloAddress Silo, string RunId)> _arrivals = [];
    private readonly TaskCompletionSource _search = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HeldStop _held = new();
    private PostgresTestDatabase? _database;
    private PostgresCluster? _cluster;
    private Task _stop = Task.CompletedTask;

    private PostgresCluster Cluster => _cluster!;

    public async Task InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        _cluster = new PostgresCluster(_database.ConnectionString, silo =>
        {
            // What is in front of the silo, such as a web server: until that has stopped, grains are placed on the silo as ever.
            silo.Services.AddSingleton<IHostedService>(_held);
            silo.Services.AddSingleton<IIncomingGrainCallFilter>(services => new Doorkeeper(
                services.GetRequiredService<ILocalSiloDetails>().SiloAddress, _arrivals));
            // By the clock nobody looks for runs that a silo has left.
            silo.Services.Configure<RunRecoveryOptions>(options => options.Period = TimeSpan.FromDays(1));
        });
        // No silo finds a run by itself before the run has come to the closed gate.
        _cluster.Hooks.Before = call => call is nameof(IRunCatalog.ListReadyAsync) or nameof(IOwnerLeases.ListDueAsync)
            ? _search.Task
            : Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _search.TrySetResult();
        _held.LetGo();
        try
        {
            await _stop;
        }
        finally
        {
            await Cluster.DisposeAsync();
            await _database!.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task GetAsync_GateIsClosedAndAnotherSiloIsOpen_RunBeginsThereAndNeverHere(bool isStopping, bool wasBegun)
    {
        await Cluster.StartSilosAsync(2);
        var (closed, open) = (Cluster.Silos[0], Cluster.Silos[1]);
        await CloseAsync(closed, isStopping);
        var run = await LeaveBehindAsync(open.Services.GetRequiredService<IRunCatalog>(), wasBegun);

        var seen = await ArriveAsync(closed, run);
        if (isStopping && !wasBegun)
        {
            // It is let go there, and found by the silo that may begin it. All others move by themselves.
            _search.TrySetResult();
        }

        _held.LetGo();
        var ended = await EndAsync(run, open);

        Assert.Equal((run.Status, run.Attempt), (seen.Status, seen.Attempt));
        Assert.Equal((RunStatus.Success, run.Attempt + 1, OwnerOf(open)), ended);
        Assert.Equal(1, Cluster.Gates.Of(run.ThreadId).Arrivals);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task GetAsync_GateOfTheOnlySiloIsClosed_RunStaysDurablyAsItIsUntilAnotherComes(bool isStopping, bool wasBegun)
    {
        await Cluster.StartSilosAsync(1);
        var closed = Cluster.Silos[0];
        var catalog = closed.Services.GetRequiredService<IRunCatalog>();
        await CloseAsync(closed, isStopping);
        var run = await LeaveBehindAsync(catalog, wasBegun);

        await ArriveAsync(closed, run);
        _search.TrySetResult();
        await ArriveAsync(closed, run);
        var held = (await catalog.FindRunAsync(run.RunId, None))!;
        await Cluster.StartSilosAsync(1);
        _held.LetGo();
        var other = Cluster.Silos[^1];
        var ended = await EndAsync(run, other);

        Assert.Equal((run.Status, run.Attempt, run.Owner), (held.Status, held.Attempt, held.Owner));
        Assert.Equal((RunStatus.Success, run.Attempt + 1, OwnerOf(other)), ended);
        Assert.Equal(1, Cluster.Gates.Of(run.ThreadId).Arrivals);
    }

    private static string OwnerOf(IHost silo) => silo.Services.GetRequiredService<SiloLease>().Owner.ToString();

    private static SiloAddress AddressOf(IHost silo) => silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    private async Task CloseAsync(IHost silo, bool isStopping)
    {
        if (isStopping)
        {
            _stop = Cluster.StopAsync(silo);
            await _held.Reached.WithinAsync("the host to stop what is in front of the silo");
        }
        else
        {
            await silo.Services.GetRequiredService<SiloCordon>().CordonAsync().WithinAsync("the silo to be cordoned");
        }

        Assert.False(silo.Services.GetRequiredService<LiveRuns>().IsOpen);
    }

    /// <summary>Leaves a run in the database that no activation knows of: pending, or begun by a silo that has died since.</summary>
    private static async Task<RunRow> LeaveBehindAsync(IRunCatalog catalog, bool wasBegun)
    {
        var request = new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = SampleGraphs.Gated, Input = "{}" };
        var thread = Guid.CreateVersion7().ToString();
        var run = new NewRun(request.RunId, thread, request.Graph, "fingerprint", RunRequests.ToRow(request));
        var admitted = (await catalog.AdmitAsync(run, None)).Run!;
        return wasBegun ? await catalog.BeginAsync(request.RunId, 1, "a silo that died", None) : admitted;
    }

    /// <summary>Places the activation of a run on a silo, as a caller does who does not know of its gate.</summary>
    private async Task<RunSnapshot> ArriveAsync(IHost silo, RunRow run)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, AddressOf(silo));
        var seen = await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run.RunId).GetAsync()
            .WithinAsync($"run '{run.RunId}' to answer on the silo whose gate is closed");
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        Assert.Contains((AddressOf(silo), run.RunId), _arrivals);
        return seen;
    }

    private async Task<(RunStatus Status, int Attempt, string? Owner)> EndAsync(RunRow run, IHost silo)
    {
        var gate = Cluster.Gates.Of(run.ThreadId);
        await gate.ReachedAsync();
        gate.Open();
        await silo.Services.GetRequiredService<IRunsClient>().Run(run.RunId).WaitAsync().WithinAsync($"run '{run.RunId}' to end");
        var row = await silo.Services.GetRequiredService<IRunCatalog>().FindRunAsync(run.RunId, None);
        return (row!.Status, row.Attempt, row.Owner);
    }

    /// <summary>Notes which runs are asked on which silo.</summary>
    private sealed class Doorkeeper(SiloAddress silo, ConcurrentQueue<(SiloAddress Silo, string RunId)> arrivals) : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.Grain is RunGrain run)
            {
                arrivals.Enqueue((silo, run.GetPrimaryKeyString()));
            }

            return context.Invoke();
        }
    }
}
