using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.TestingHost;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>How a <see cref="RunCluster"/> differs from the usual one.</summary>
public sealed class RunClusterOptions
{
    /// <summary>Gets or sets how many silos there are.</summary>
    public short Silos { get; set; } = 1;

    /// <summary>Gets or sets the store; without one, the cluster gets a new one of its own.</summary>
    public RunStore? Store { get; set; }

    /// <summary>Gets or sets the age at which an idle activation is collected.</summary>
    public TimeSpan? CollectionAge { get; set; }

    /// <summary>Gets or sets what is configured beside the sample graphs.</summary>
    public Action<IOrleansRunsBuilder> Configure { get; set; } = _ => { };

    /// <summary>Gets or sets what is configured of the silo.</summary>
    public Action<ISiloBuilder> ConfigureSilo { get; set; } = _ => { };
}

/// <summary>A cluster in this process that executes the sample graphs, and an Orleans client outside of it.</summary>
public sealed class RunCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly bool _ownsStore;

    private RunCluster(InProcessTestCluster cluster, RunStore store, bool ownsStore, Gates gates)
    {
        _cluster = cluster;
        _ownsStore = ownsStore;
        Store = store;
        Gates = gates;
    }

    /// <summary>Gets the gates of the sample graphs.</summary>
    public Gates Gates { get; }

    /// <summary>Gets what the cluster writes to.</summary>
    public RunStore Store { get; }

    /// <summary>Gets the catalog, hooks included.</summary>
    public IRunCatalog Catalog => Services.GetRequiredService<IRunCatalog>();

    /// <summary>Gets the thread logs.</summary>
    public IThreadLogStore Log => Services.GetRequiredService<IThreadLogStore>();

    /// <summary>Gets the way into the cluster from a client outside of it.</summary>
    public IRunsClient Runs => _cluster.Client.ServiceProvider.GetRequiredService<IRunsClient>();

    /// <summary>Gets the cluster's grains.</summary>
    public IGrainFactory Grains => _cluster.Client;

    /// <summary>Gets the services of the first silo.</summary>
    public IServiceProvider Services => _cluster.GetSiloServiceProvider();

    /// <summary>Starts a cluster.</summary>
    /// <param name="configure">How it differs from the usual one.</param>
    public static async Task<RunCluster> StartAsync(Action<RunClusterOptions>? configure = null)
    {
        var options = new RunClusterOptions();
        configure?.Invoke(options);
        var store = options.Store ?? new RunStore();
        var gates = new Gates();
        var builder = new InProcessTestClusterBuilder(options.Silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => ConfigureSilo(silo, options, store, gates));
        builder.ConfigureClient(client => client.AddOrleansRunsClient());
        var cluster = builder.Build();
        try
        {
            await cluster.DeployAsync().WithinAsync("the cluster to start");
        }
        catch
        {
            await cluster.DisposeAsync();
            if (options.Store is null)
            {
                store.Dispose();
            }

            throw;
        }

        return new RunCluster(cluster, store, options.Store is null, gates);
    }

    /// <summary>Gets the services of every silo that is alive, oldest silo first.</summary>
    public IReadOnlyList<IServiceProvider> SiloServices => [.. _cluster.Silos.Select(silo => silo.ServiceProvider)];

    /// <summary>Stops a silo without a graceful stop, and waits until the others have declared it dead.</summary>
    /// <param name="silo">Its place among <see cref="SiloServices"/>.</param>
    public async Task KillAsync(int silo)
    {
        await _cluster.KillSiloAsync(_cluster.Silos[silo]).WithinAsync($"silo {silo} to be killed");
        await _cluster.WaitForLivenessToStabilizeAsync().WithinAsync("the others to notice");
    }

    /// <summary>Starts a run of a gated graph on a new thread and waits until it stands at its gate.</summary>
    /// <param name="graph">One of the gated <see cref="SampleGraphs"/>.</param>
    /// <param name="policy">What becomes of the run when its silo stops.</param>
    public async Task<GatedRun> StartGatedRunAsync(
        string graph = SampleGraphs.Gated, RecoveryPolicy policy = RecoveryPolicy.Resume)
    {
        var thread = Runs.Thread();
        var run = await thread.StartAsync(
            new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = graph, Input = "{}", RecoveryPolicy = policy });
        var gate = Gates.Of(thread.Id);
        await gate.ReachedAsync();
        return new GatedRun(thread, run, gate);
    }

    /// <summary>Tells whether a run has an activation.</summary>
    /// <param name="runId">The run.</param>
    public bool IsActivated(string runId) => _cluster.TryGetGrainContext(Grains.GetGrain<IRunGrain>(runId).GetGrainId(), out _);

    /// <summary>Waits until a run's activation is collected.</summary>
    /// <param name="runId">The run.</param>
    public Task CollectedAsync(string runId) =>
        _cluster.WaitForDeactivationAsync(Grains.GetGrain<IRunGrain>(runId).GetGrainId())
            .WithinAsync($"the activation of run '{runId}' to be collected");

    /// <summary>Ends a run's activation, as a lost directory entry would.</summary>
    /// <param name="runId">The run.</param>
    public Task DeactivateAsync(string runId) =>
        _cluster.DeactivateAsync(Grains.GetGrain<IRunGrain>(runId).GetGrainId())
            .WithinAsync($"the activation of run '{runId}' to end");

    /// <summary>Writes down everything the database knows of a thread, so that two moments can be compared.</summary>
    /// <param name="threadId">The thread.</param>
    public async Task<string> DumpAsync(string threadId)
    {
        var dump = new StringBuilder();
        var thread = await Catalog.FindThreadAsync(threadId, CancellationToken.None);
        dump.AppendLine(JsonSerializer.Serialize(thread));
        foreach (var run in await Catalog.ListRunsAsync(threadId, 1000, CancellationToken.None))
        {
            dump.AppendLine(JsonSerializer.Serialize(run));
        }

        if (thread is not null)
        {
            foreach (var entry in await Log.ReadPageAsync(thread.LogId, 0, 1000, CancellationToken.None))
            {
                dump.AppendLine(JsonSerializer.Serialize(entry));
            }
        }

        return dump.ToString();
    }

    /// <summary>Stops a silo as a deployment does.</summary>
    /// <param name="silo">Its place among <see cref="SiloServices"/>.</param>
    public Task StopAsync(int silo) => _cluster.StopSiloAsync(_cluster.Silos[silo]).WithinAsync($"silo {silo} to stop");

    /// <summary>Stops the silos one after the other, as a deployment does.</summary>
    public Task StopAsync() => _cluster.StopAllSilosAsync().WithinAsync("the silos to stop");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Gates.OpenAll();
        await _cluster.DisposeAsync();
        if (_ownsStore)
        {
            Store.Dispose();
        }
    }

    /// <summary>Makes a silo execute the sample graphs.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="options">How it differs from the usual one.</param>
    /// <param name="store">What it writes to.</param>
    /// <param name="gates">The gates of the graphs.</param>
    public static void ConfigureSilo(ISiloBuilder silo, RunClusterOptions options, RunStore store, Gates gates)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(store);
        store.Attach(silo);
        silo.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        if (options.CollectionAge is { } age)
        {
            silo.Configure<GrainCollectionOptions>(collection =>
            {
                collection.CollectionQuantum = age / 4;
                collection.CollectionAge = age;
            });
        }

        // A node at its gate does not end by itself: a silo that stops need not wait for it.
        silo.Configure<DrainOptions>(drain => drain.SuperstepGrace = TimeSpan.FromMilliseconds(200));
        SampleGraphs.AddTo(silo, gates, options.Configure);
        options.ConfigureSilo(silo);
    }
}

/// <summary>A run that stands at its gate.</summary>
/// <param name="Thread">Its thread.</param>
/// <param name="Run">The run.</param>
/// <param name="Gate">The gate.</param>
public sealed record GatedRun(RunThread Thread, RunHandle Run, Gate Gate);
