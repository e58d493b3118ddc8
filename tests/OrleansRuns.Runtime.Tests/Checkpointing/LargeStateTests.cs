using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class LargeStateTests
{
    private const int KiB = 1024;

    private static readonly CompiledGraph Growing = TurnsGraph.Compile(
        state => state with { Items = state.Items.Append(Noise(state.Turns, state.Blob.Length * KiB)) });

    [Fact]
    public async Task ExecuteAsync_StateOutgrowsAnEntry_GoesOnAndIsReadBack()
    {
        var store = new MemoryThreadLogStore();
        var grown = await new RunBench(Growing, store).ExecuteAsync(new { until = 320, blob = new string('x', 64) });

        var restarted = new RunBench(Growing, store);
        var later = await restarted.ExecuteAsync(new { until = 520, blob = "x" }, "run-2");
        var state = await new RunBench(Growing, store).StateAsync<TurnsState>();

        Assert.Equal((RunStatus.Success, RunStatus.Success), (grown.Status, later.Status));
        Assert.Equal(520, state.Items.Count);
        Assert.True(state.Items.Sum(item => (long)item.Length) > 20 * KiB * KiB);
        Assert.Equal(Enumerable.Range(0, 520).Select(turn => Noise(turn, turn < 320 ? 64 * KiB : KiB)), state.Items);
    }

    [Fact]
    public async Task ExecuteAsync_StateOutgrowsTheLimitOfStates_GoesOnWithItsChanges()
    {
        var store = new MemoryThreadLogStore(new ThreadLogOptions { MaxEntryBytes = 32 * KiB, MaxStateBytes = 64 * KiB });
        var bench = new RunBench(Growing, store);

        var grown = await bench.ExecuteAsync(new { until = 100, blob = "xxxx" });
        var later = await new RunBench(Growing, store).ExecuteAsync(new { until = 150 }, "run-2");
        var state = await bench.StateAsync<TurnsState>();

        Assert.Equal((RunStatus.Success, RunStatus.Success), (grown.Status, later.Status));
        Assert.Equal(Enumerable.Range(0, 150).Select(turn => Noise(turn, 4 * KiB)), state.Items);
    }

    [Fact]
    public async Task ForkAsync_StateLargerThanAnEntry_GoesOnFromThere()
    {
        var store = new MemoryThreadLogStore(new ThreadLogOptions { MaxEntryBytes = 32 * KiB });
        var bench = new RunBench(Growing, store);
        await bench.ExecuteAsync(new { until = 40, blob = "xxxx" });
        var history = await bench.Reader.ReadHistoryAsync(bench.Thread, null, 1000, CancellationToken.None);
        var middle = history.Single(point => ((TurnsState)point.Checkpoint.State).Turns == 20);

        var forked = await bench.ForkAsync("run-2", middle.Checkpoint.Id);
        var state = await bench.StateAsync<TurnsState>();

        Assert.Equal(RunStatus.Success, forked.Status);
        Assert.Equal(Enumerable.Range(0, 40).Select(turn => Noise(turn, 4 * KiB)), state.Items);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(64)]
    public async Task ExecuteAsync_OneChangeOverTheLimit_FailsTheNodeAndKeepsTheState(int turn)
    {
        var isHuge = true;
        var graph = TurnsGraph.Compile(state => state with
        {
            Items = state.Items.Append(isHuge && state.Turns == turn ? Noise(turn, 40 * KiB) : Noise(state.Turns, KiB)),
        });
        var bench = new RunBench(graph, new MemoryThreadLogStore(new ThreadLogOptions { MaxEntryBytes = 32 * KiB }));

        var failed = await bench.ExecuteAsync(new { until = 70 });
        var before = await bench.StateAsync<TurnsState>();
        isHuge = false;
        var resumed = await bench.GoOnAsync("run-2");
        var after = await bench.StateAsync<TurnsState>();

        Assert.Equal((RunStatus.Error, StopReason.NodeError), (failed.Status, failed.StopReason));
        Assert.Contains($"Superstep {turn} wrote more than the log takes", failed.Error, StringComparison.Ordinal);
        Assert.Contains("'OrleansRuns:Log:MaxEntryBytes'", failed.Error, StringComparison.Ordinal);
        Assert.Equal(turn, before.Turns);
        Assert.Equal(RunStatus.Success, resumed.Status);
        Assert.Equal(Enumerable.Range(0, 70).Select(one => Noise(one, KiB)), after.Items);
    }

    [Fact]
    public async Task ExecuteAsync_OneOfSeveralNodesWritesTooMuch_KeepsTheWritesOfTheOthers()
    {
        var parallel = new ParallelGraph { IsHuge = true };
        var bench = new RunBench(
            GraphCompiler.Compile("parallel", parallel),
            new MemoryThreadLogStore(new ThreadLogOptions { MaxEntryBytes = 32 * KiB }));

        var failed = await bench.ExecuteAsync(new { });
        var before = await bench.StateAsync<TurnsState>();
        parallel.IsHuge = false;
        var resumed = await bench.GoOnAsync("run-2");
        var after = await bench.StateAsync<TurnsState>();

        Assert.Equal((RunStatus.Error, StopReason.NodeError), (failed.Status, failed.StopReason));
        Assert.Empty(before.Items);
        Assert.Equal(RunStatus.Success, resumed.Status);
        Assert.Equal(["large", "small0", "small1", "small2"], after.Items);
        Assert.Equal(["large", "large", "small0", "small1", "small2"], parallel.Ran.Order(StringComparer.Ordinal));
    }

    /// <summary>Text that no compression makes small, the same for the same seed.</summary>
    private static string Noise(int seed, int length)
    {
        var bytes = new byte[length / 2];
        new Random(seed).NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private sealed class ParallelGraph : IGraph<TurnsState>
    {
        internal bool IsHuge { get; set; }

        internal System.Collections.Concurrent.ConcurrentQueue<string> Ran { get; } = new();

        public void Build(GraphBuilder<TurnsState> graph)
        {
            foreach (var name in new[] { "large", "small0", "small1", "small2" })
            {
                var node = graph.AddNode(name, (state, _) =>
                {
                    Ran.Enqueue(name);
                    return state with { Items = state.Items.Append(name == "large" && IsHuge ? Noise(1, 40 * KiB) : name) };
                });
                graph.AddEdge(Node.Start, node);
                graph.AddEdge(node, Node.End);
            }
        }
    }
}
