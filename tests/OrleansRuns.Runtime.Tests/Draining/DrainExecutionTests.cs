using System.Collections.Concurrent;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What the two signals of a drain do to one execution.</summary>
public sealed class DrainExecutionTests
{
    private static readonly object Input = new { until = 1 };

    private readonly MemoryThreadLogStore _store = new();
    private readonly ConcurrentQueue<(string Node, string Key)> _ran = [];
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RunStop _stop = new();

    [Fact]
    public async Task RequestDrain_SuperstepIsUnderWay_IsFinishedAndNoOtherBegins()
    {
        var bench = Bench(new SidesGraph(PassAsync));
        var running = bench.ExecuteAsync(Input, stop: _stop);
        await _reached.Task.WithinAsync("a node to begin");

        _stop.RequestDrain();
        _go.SetResult();
        var drained = await running;
        var state = await bench.StateAsync<TurnsState>();
        var resumed = await bench.ExecuteAsync(Input, attempt: 2);

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained), (drained.Status, drained.StopReason));
        Assert.Equal(["left", "right"], state.Items.Order());
        Assert.Equal(RunStatus.Success, resumed.Status);
        Assert.Equal(["after", "left", "right"], _ran.Select(one => one.Node).Order());
    }

    [Fact]
    public async Task RequestDrain_InsideASubgraph_StopsBetweenItsSuperstepsAndGoesOnThere()
    {
        var bench = Bench(new NestedGraph(PassAsync));
        var running = bench.ExecuteAsync(Input, stop: _stop);
        await _reached.Task.WithinAsync("a node to begin");

        _stop.RequestDrain();
        _go.SetResult();
        var drained = await running;
        var resumed = await bench.ExecuteAsync(Input, attempt: 2);

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained), (drained.Status, drained.StopReason));
        Assert.Equal(RunStatus.Success, resumed.Status);
        Assert.Equal(["inner-1", "inner-2", "outer"], _ran.Select(one => one.Node));
        Assert.Equal(["inner-1", "inner-2", "outer"], (await bench.StateAsync<TurnsState>()).Items);
    }

    [Fact]
    public async Task RequestDrain_LastSuperstepIsUnderWay_IsASuccess()
    {
        var bench = Bench(new OneGraph(PassAsync));
        var running = bench.ExecuteAsync(Input, stop: _stop);
        await _reached.Task.WithinAsync("the node to begin");

        _stop.RequestDrain();
        _go.SetResult();

        Assert.Equal(RunStatus.Success, (await running).Status);
    }

    [Fact]
    public async Task RequestDrain_BeforeTheFirstSuperstep_RunsNoNode()
    {
        var bench = Bench(new OneGraph(PassAsync));
        _go.SetResult();
        _stop.RequestDrain();

        var drained = await bench.ExecuteAsync(Input, stop: _stop);
        var before = _ran.Count;
        var resumed = await bench.ExecuteAsync(Input, attempt: 2);

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained, 0), (drained.Status, drained.StopReason, before));
        Assert.Equal(RunStatus.Success, resumed.Status);
    }

    [Fact]
    public async Task Cancel_NodeIsUnderWay_ItsKeyIsTheSameWhenItRunsAgain()
    {
        var bench = Bench(new OneGraph(PassAsync));
        var running = bench.ExecuteAsync(Input, stop: _stop);
        await _reached.Task.WithinAsync("the node to begin");

        _stop.RequestDrain();
        await _stop.RequestAsync(RunStatus.Interrupted, StopReason.Drained);
        var drained = await running;
        _go.SetResult();
        var resumed = await bench.ExecuteAsync(Input, attempt: 2);

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained), (drained.Status, drained.StopReason));
        Assert.Equal(RunStatus.Success, resumed.Status);
        Assert.Equal(2, _ran.Count);
        Assert.Single(_ran.Select(one => one.Key).Distinct());
    }

    [Fact]
    public void Outcome_StoppedForAnotherReasonInTheDrain_IsThatOfTheReason()
    {
        using var stop = new RunStop();

        stop.RequestDrain();
        _ = stop.RequestAsync(RunStatus.Timeout, StopReason.RunTimeout);
        _ = stop.RequestAsync(RunStatus.Interrupted, StopReason.Drained);

        Assert.Equal((RunStatus.Timeout, StopReason.RunTimeout), (stop.Outcome.Status, stop.Outcome.StopReason));
    }

    private RunBench Bench(IGraph<TurnsState> graph) => new(GraphCompiler.Compile("drained", graph), _store);

    private async Task PassAsync(NodeContext node)
    {
        _ran.Enqueue((node.Node, node.IdempotencyKey));
        _reached.TrySetResult();
        await _go.Task.WaitAsync(node.CancellationToken);
    }

    private static Node Add(GraphBuilder<TurnsState> graph, string name, Func<NodeContext, Task> pass) =>
        graph.AddNode(name, async (state, node) =>
        {
            await pass(node);
            return state with { Items = state.Items.Append(node.Node) };
        });

    private sealed class OneGraph(Func<NodeContext, Task> pass) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph) => graph.AddPath(Node.Start, Add(graph, "one", pass), Node.End);
    }

    /// <summary>left and right side by side, then after.</summary>
    private sealed class SidesGraph(Func<NodeContext, Task> pass) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var (left, right, after) = (Add(graph, "left", pass), Add(graph, "right", pass), Add(graph, "after", pass));
            graph.AddPath(Node.Start, left, after, Node.End);
            graph.AddPath(Node.Start, right, Node.End);
        }
    }

    /// <summary>A subgraph of inner-1 and inner-2, then outer.</summary>
    private sealed class NestedGraph(Func<NodeContext, Task> pass) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var child = graph.AddSubgraph(
                "child",
                new InnerGraph(pass),
                _ => new TurnsState(),
                (outer, inner) => inner.Items.Aggregate(outer, (state, item) => state with { Items = state.Items.Append(item) }));
            graph.AddPath(Node.Start, child, Add(graph, "outer", pass), Node.End);
        }
    }

    private sealed class InnerGraph(Func<NodeContext, Task> pass) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph) =>
            graph.AddPath(Node.Start, Add(graph, "inner-1", pass), Add(graph, "inner-2", pass), Node.End);
    }
}
