using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Two executions that both believe they own a run.</summary>
public sealed class FencingTests
{
    [Fact]
    public async Task Execute_AnotherOwnerTookOver_StopsAndWritesNothingMore()
    {
        var log = new MemoryThreadLogStore();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entered = new SemaphoreSlim(0);
        var graph = GraphCompiler.Compile("gated", new GatedSteps(entered, gate.Task));
        using var zombie = new ExecutionBench(EmptyServices.Instance, TimeProvider.System);
        using var owner = new ExecutionBench(EmptyServices.Instance, TimeProvider.System);
        var request = new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = "gated", Input = "{}" };
        var events = new RunEventBuffer(1000, 1 << 20);

        var paused = zombie.ExecuteAsync(graph, log, request, attempt: 1, events);
        await entered.WaitAsync().WithinAsync("the first owner to run its node");
        var taken = owner.ExecuteAsync(graph, log, request, attempt: 2);
        await entered.WaitAsync().WithinAsync("the second owner to run the node again");
        gate.SetResult();
        var lost = await paused.WithinAsync("the first owner to find itself fenced");
        var won = await taken.WithinAsync("the second owner to end the run");

        Assert.True(lost.IsFenced);
        Assert.Equal((false, RunStatus.Success), (won.IsFenced, won.Status));
        var entries = await log.ReadPageAsync(ExecutionBench.LogId, 0, 100, default);
        Assert.Equal([1, 2, 2, 2, 2], entries.Select(stored => stored.Entry.Attempt));
        Assert.Equal([0, 1, 2, 3, 4], entries.Select(stored => stored.Position));
        Assert.Equal(["""{"log":[],"number":0}"""], await ToldStatesAsync(events));
    }

    private static async Task<IReadOnlyList<string>> ToldStatesAsync(RunEventBuffer events)
    {
        events.Close();
        var told = new List<string>();
        await foreach (var @event in events.ReadAsync(-1))
        {
            if (@event.Kind == RunEventKinds.Values)
            {
                told.Add(@event.Data);
            }
        }

        return told;
    }

    private sealed class GatedSteps(SemaphoreSlim entered, Task gate) : IGraph<NodeState>
    {
        public void Build(GraphBuilder<NodeState> graph)
        {
            var first = graph.AddNode("first", async (state, node) =>
            {
                entered.Release();
                await gate.WaitAsync(node.CancellationToken);
                return state with { Number = 1 };
            });
            var second = graph.AddNode("second", (state, _) => state with { Number = 2 });
            graph.AddPath(Node.Start, first, second, Node.End);
        }
    }
}
