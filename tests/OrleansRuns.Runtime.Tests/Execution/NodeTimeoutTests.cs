using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose nodes run out of their time.</summary>
public sealed class NodeTimeoutTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExecuteAsync_NodeRunsOutOfItsTime_EndsAsErrorAndSaysWhichNode(bool isIdle)
    {
        var store = new MemoryThreadLogStore();
        var limit = TimeSpan.FromMilliseconds(50);
        var options = isIdle ? new NodeOptions { IdleTimeout = limit } : new NodeOptions { Timeout = limit };
        var bench = new RunBench(GraphCompiler.Compile("timed", new TimedGraph(options)), store);

        var outcome = await bench.ExecuteAsync(new { });

        var view = LogView.Of(await store.ReadLineAsync(bench.Thread.LogId, null, CancellationToken.None));
        Assert.Equal((RunStatus.Error, StopReason.NodeTimeout), (outcome.Status, outcome.StopReason));
        Assert.Contains("slow", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(("error", "node_timeout"), (view.End!.Status, view.End.StopReason));
    }

    private sealed class TimedGraph(NodeOptions options) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var slow = graph.AddNode(
                "slow",
                async (state, node) =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, node.CancellationToken);
                    return state;
                },
                options);
            graph.AddPath(Node.Start, slow, Node.End);
        }
    }
}
