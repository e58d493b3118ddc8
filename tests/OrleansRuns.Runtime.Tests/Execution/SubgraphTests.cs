using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Subgraphs that fail, and that go on for long.</summary>
public sealed class SubgraphTests
{
    [Fact]
    public async Task ExecuteAsync_SubgraphFails_ItsHandlerTakesOver()
    {
        var bench = new RunBench(GraphCompiler.Compile("rescued", new RescuedGraph()), new MemoryThreadLogStore());

        var outcome = await bench.ExecuteAsync(new { });

        Assert.Equal(RunStatus.Success, outcome.Status);
        Assert.Contains("No way.", Assert.Single((await bench.StateAsync<TurnsState>()).Items), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResumeAsync_SubgraphAsksAgainAndAgain_LimitCountsWhatEachRunTakes()
    {
        const int Limit = 3;
        await using var cluster = await RunCluster.StartAsync(options => options.Configure = runs => runs.AddGraph<ChatGraph>("chat"));
        var thread = cluster.Runs.Thread();
        var request = new StartRunRequest { RunId = "", Graph = "chat", RecursionLimit = Limit };

        await EndAsync(request with { Input = "{}" });
        for (var answer = 0; answer < 2 * Limit; answer++)
        {
            await EndAsync(request with { Resume = "true" });
        }

        await EndAsync(request with { Resume = "false" });
        Assert.Equal(ThreadStatus.Idle, (await thread.GetStateAsync()).Status);

        async Task EndAsync(StartRunRequest asked)
        {
            var run = await thread.StartAsync(asked with { RunId = Guid.CreateVersion7().ToString() });
            var ended = await run.WaitAsync().WithinAsync($"run {run.Id} to end");
            Assert.True(ended.Status == RunStatus.Success, ended.Error);
        }
    }

    [Fact]
    public async Task ExecuteAsync_CrashInsideASubgraph_DoesNotBeginItsLimitAnew()
    {
        const int Limit = 5;
        foreach (var crashAt in Enumerable.Range(2, Limit - 1))
        {
            var log = new ThreadLogProbe(new MemoryThreadLogStore());
            var checkpoints = 0;
            log.Appending = entry =>
            {
                checkpoints += entry.Records.OfType<CheckpointLogRecord>().Any(record => record.Namespace.Length > 0) ? 1 : 0;
                return checkpoints == crashAt ? throw new InvalidOperationException("The process died.") : Task.CompletedTask;
            };
            var bench = new RunBench(GraphCompiler.Compile("outer", new LongGraph()), log) { RecursionLimit = Limit };

            await Assert.ThrowsAsync<InvalidOperationException>(() => bench.ExecuteAsync(new { }));
            log.Appending = _ => Task.CompletedTask;
            var outcome = await bench.ExecuteAsync(new { }, attempt: 2);

            Assert.Equal((RunStatus.Error, StopReason.RecursionLimit), (outcome.Status, outcome.StopReason));
        }
    }

    private sealed class LongGraph : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph) => graph.AddPath(
            Node.Start,
            graph.AddSubgraph("child", new TurnsGraph(state => state), _ => new TurnsState { Until = 8 }, (outer, _) => outer),
            Node.End);
    }

    private sealed class RescuedGraph : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var rescue = graph.AddNode<NodeError>(
                "rescue", (state, error, _) => Task.FromResult(state with { Items = state.Items.Append(error.Message) }));
            var child = graph.AddSubgraph(
                "child", new FailingGraph(), outer => outer, (outer, _) => outer, new NodeOptions { OnError = rescue });
            graph.AddPath(Node.Start, child, Node.End);
            graph.AddPath(rescue, Node.End);
        }
    }

    private sealed class FailingGraph : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph) => graph.AddPath(
            Node.Start, graph.AddNode("fails", TurnsState (_, _) => throw new InvalidOperationException("No way.")), Node.End);
    }

    private sealed class ChatGraph : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph) =>
            graph.AddPath(Node.Start, graph.AddSubgraph("talk", new TalkGraph(), outer => outer, (outer, _) => outer), Node.End);
    }

    private sealed class TalkGraph : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var ask = graph.AddNode(
                "ask", (state, node) => state with { Until = node.Interrupt<bool>("More?") ? 1 : 0, Turns = state.Turns + 1 });
            graph.AddEdge(Node.Start, ask);
            graph.AddBranch(ask, state => state.Until > 0 ? ask : Node.End, ask, Node.End);
        }
    }
}
