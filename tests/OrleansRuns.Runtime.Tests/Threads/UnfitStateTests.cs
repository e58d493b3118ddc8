using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Threads whose state the silos' version of their graph cannot read: what is wrong reaches a client that has no graph.</summary>
public sealed class UnfitStateTests : IDisposable
{
    private const string Graph = "changed";

    private readonly RunStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Calls_TypeOfAPropertyHasChanged_TellWhichStateDoesNotFitWhat()
    {
        string threadId;
        string checkpointId;
        await using (var before = await StartAsync(new BeforeGraph()))
        {
            var started = before.Runs.Thread();
            await (await started.StartAsync(Graph, new { })).WaitAsync().WithinAsync("the run to end");
            (threadId, checkpointId) = (started.Id, (await started.GetStateAsync()).CheckpointId!);
        }

        await using var after = await StartAsync(new AfterGraph());
        var thread = after.Runs.Thread(threadId);
        Func<Task>[] calls =
        [
            () => thread.GetStateAsync(),
            () => thread.GetHistoryAsync(),
            () => thread.StartAsync(Graph, new { }),
            () => thread.UpdateStateAsync(new UpdateStateRequest { Values = "{}" }),
            () => thread.ForkAsync(checkpointId),
        ];

        foreach (var call in calls)
        {
            var exception = await Assert.ThrowsAsync<InvalidDataException>(() => call().WithinAsync("the call to be refused"));
            Assert.Contains($"thread '{threadId}'", exception.Message, StringComparison.Ordinal);
            Assert.Contains($"graph '{Graph}'", exception.Message, StringComparison.Ordinal);
            Assert.Contains("'code'", exception.Message, StringComparison.Ordinal);
        }

        Assert.Null((await after.Catalog.FindThreadAsync(threadId, CancellationToken.None))!.Holder);
    }

    [Fact]
    public async Task Calls_CodecOfTheSiloRefusesTheLog_TellWhatItSays()
    {
        string threadId;
        string runId;
        await using (var before = await StartAsync(new BeforeGraph()))
        {
            var started = before.Runs.Thread();
            var run = await started.StartAsync(Graph, new { });
            await run.WaitAsync().WithinAsync("the run to end");
            (threadId, runId) = (started.Id, run.Id);
        }

        await using var after = await StartAsync(
            new BeforeGraph(), silo => silo.Services.AddSingleton<ILogPayloadCodec>(new KeylessCodec()));
        var thread = after.Runs.Thread(threadId);
        Func<Task>[] calls =
        [
            () => thread.GetStateAsync(),
            () => thread.StartAsync(Graph, new { }),
            () => thread.UpdateStateAsync(new UpdateStateRequest { Values = "{}" }),
            () => after.Runs.Run(runId).ReadAllAsync(),
        ];

        foreach (var call in calls)
        {
            var exception = await Assert.ThrowsAsync<InvalidDataException>(() => call().WithinAsync("the call to be refused"));
            Assert.Contains("The key is missing.", exception.Message, StringComparison.Ordinal);
        }
    }

    private Task<RunCluster> StartAsync<TState>(IGraph<TState> graph, Action<ISiloBuilder>? configure = null)
        where TState : GraphState, new() =>
        RunCluster.StartAsync(options =>
        {
            (options.Store, options.Configure) = (_store, runs => runs.AddGraph(Graph, graph));
            options.ConfigureSilo = configure ?? options.ConfigureSilo;
        });

    private sealed class KeyMissingException() : Exception("The key is missing.");

    private sealed class KeylessCodec : ILogPayloadCodec
    {
        public byte[] Encode(byte[] bytes) => bytes;

        public byte[] Decode(byte[] bytes) => throw new KeyMissingException();
    }

    private sealed record BeforeState : GraphState
    {
        public string Code { get; init; } = "";
    }

    private sealed record AfterState : GraphState
    {
        public int Code { get; init; }
    }

    private sealed class BeforeGraph : IGraph<BeforeState>
    {
        public void Build(GraphBuilder<BeforeState> graph)
        {
            var node = graph.AddNode("node", (state, _) => state with { Code = "seven" });
            graph.AddPath(Node.Start, node, Node.End);
        }
    }

    private sealed class AfterGraph : IGraph<AfterState>
    {
        public void Build(GraphBuilder<AfterState> graph)
        {
            var node = graph.AddNode("node", (state, _) => state with { Code = 7 });
            graph.AddPath(Node.Start, node, Node.End);
        }
    }
}
