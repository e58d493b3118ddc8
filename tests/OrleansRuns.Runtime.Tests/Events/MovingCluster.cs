using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.TestingHost;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Some silos in this process on one store in memory, and a run that they lose again and again.</summary>
internal sealed class MovingCluster : IAsyncDisposable
{
    internal const string Graph = "steps";

    /// <summary>The thread whose runs stop at the barrier.</summary>
    internal const string HeldThread = "held";

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(5);

    private readonly InProcessTestCluster _cluster;

    private MovingCluster(InProcessTestCluster cluster, StepBarrier barrier)
    {
        _cluster = cluster;
        Barrier = barrier;
    }

    /// <summary>Gets what holds the run up.</summary>
    internal StepBarrier Barrier { get; }

    /// <summary>Gets the way into the cluster from outside.</summary>
    internal IRunsClient Runs => _cluster.Client.ServiceProvider.GetRequiredService<IRunsClient>();

    internal static async Task<MovingCluster> StartAsync(short silos)
    {
        var (catalog, log, barrier) = (new MemoryRunCatalog(), new MemoryThreadLogStore(), new StepBarrier());
        var leases = new MemoryOwnerLeases(catalog);
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureClient(client =>
        {
            // A client outside the cluster does not hear that the silo behind its gateway died: it waits for its answer for so long.
            client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout);
            client.AddOrleansRunsClient();
        });
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Critical));
            silo.Services.AddSingleton(barrier);
            silo.Services.AddSingleton<IRunCatalog>(catalog);
            silo.Services.AddSingleton<IRunSearch>(new MemoryRunSearch(catalog));
            silo.Services.AddSingleton<IThreadLogStore>(log);
            silo.Services.AddSingleton<IOwnerLeases>(leases);
            silo.Services.AddSingleton<IDrainReports, MemoryDrainReports>();
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout);
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromMilliseconds(500);
                membership.NumMissedProbesLimit = 2;
                membership.NumVotesForDeathDeclaration = 1;
            });
            silo.AddOrleansRuns(runs =>
            {
                runs.AddGraph<StepsGraph>(Graph);

                // Less than the run tells: readers that were away are told from the log.
                runs.Configure<RunEventsOptions>(options => options.KeptEvents = 40);
                runs.Configure<RunsOptions>(options => options.DeactivationGrace = TimeSpan.FromSeconds(10));
            });
        });
        var cluster = builder.Build();
        await cluster.DeployAsync().WithinAsync("the cluster to start");
        return new MovingCluster(cluster, barrier);
    }

    /// <summary>Ends the run's activation.</summary>
    internal Task DeactivateAsync(RunHandle run) =>
        _cluster.DeactivateAsync(_cluster.Client.GetGrain<IRunGrain>(run.Id).GetGrainId()).WithinAsync("the activation to end");

    /// <summary>Stops the silo that has the run, or kills it, and starts another.</summary>
    internal async Task ReplaceSiloAsync(RunHandle run, bool isKilled)
    {
        if (_cluster.TryGetGrainContext(_cluster.Client.GetGrain<IRunGrain>(run.Id).GetGrainId(), out var activation))
        {
            var silo = _cluster.GetSiloForAddress(activation.Address.SiloAddress!)!;
            await (isKilled ? _cluster.KillSiloAsync(silo) : _cluster.StopSiloAsync(silo)).WithinAsync("the silo to end");
            await _cluster.StartAdditionalSiloAsync().WithinAsync("another silo to start");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Barrier.Raise(int.MaxValue);
        await _cluster.DisposeAsync();
    }
}

/// <summary>Holds a run up at a superstep.</summary>
internal sealed class StepBarrier
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _raised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _last = -1;

    /// <summary>Lets supersteps pass.</summary>
    /// <param name="last">The last that may pass.</param>
    internal void Raise(int last)
    {
        TaskCompletionSource raised;
        lock (_lock)
        {
            _last = Math.Max(_last, last);
            (raised, _raised) = (_raised, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        raised.SetResult();
    }

    internal async Task PassAsync(int step, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task raised;
            lock (_lock)
            {
                if (step <= _last)
                {
                    return;
                }

                raised = _raised.Task;
            }

            await raised.WaitAsync(cancellationToken);
        }
    }
}

/// <summary>Two nodes that run again and again side by side, as many supersteps as the input says, and emit a lot.</summary>
internal sealed class StepsGraph(StepBarrier barrier) : IGraph<TurnsState>
{
    public void Build(GraphBuilder<TurnsState> graph)
    {
        var left = graph.AddNode("left", async (state, node) =>
        {
            await PassAsync(node);
            return state with { Items = state.Items.Append($"left {node.Step}"), Turns = state.Turns + 1 };
        });
        var right = graph.AddNode("right", async (state, node) =>
        {
            await PassAsync(node);
            return state with { Items = state.Items.Append($"right {node.Step}") };
        });
        graph.AddEdge(Node.Start, left);
        graph.AddEdge(Node.Start, right);
        graph.AddBranch(left, state => state.Turns < state.Until ? left : Node.End, left, Node.End);
        graph.AddBranch(right, state => state.Turns + 1 < state.Until ? right : Node.End, right, Node.End);
    }

    private async Task PassAsync(NodeContext node)
    {
        node.Emit("before");
        if (node.ThreadId == MovingCluster.HeldThread)
        {
            await barrier.PassAsync(node.Step, node.CancellationToken);
        }

        node.Emit("after");
    }
}
