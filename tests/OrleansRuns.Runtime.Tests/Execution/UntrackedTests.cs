using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What an untracked channel holds is there for the nodes of this process, and nowhere else.</summary>
public sealed class UntrackedTests
{
    private const string Secret = "never-stored";

    [Fact]
    public async Task Execute_UntrackedChannel_IsSeenByNodesAndStandsNowhereInTheLog()
    {
        var store = new MemoryThreadLogStore();
        var bench = new RunBench(GraphCompiler.Compile("secretive", new SecretiveGraph()), store);

        var end = await bench.ExecuteAsync(new { });

        Assert.Equal(RunStatus.Success, end.Status);
        var state = await bench.StateAsync<SecretiveState>();
        Assert.Equal(("seen", null), (state.Seen, state.Key));
        var stored = JsonSerializer.Serialize((await store.ReadPageAsync(bench.Thread.LogId, 0, 1000, CancellationToken.None))
            .Select(one => one.Entry));
        Assert.Contains("\"seen\"", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, stored, StringComparison.Ordinal);
    }

    public sealed record SecretiveState : GraphState
    {
        [Untracked]
        public string? Key { get; init; }

        public string? Seen { get; init; }

        public Total<int> Beside { get; init; }
    }

    /// <summary>Two tasks in one superstep, so that the first one's writes are stored before the fold, and a reader after them.</summary>
    private sealed class SecretiveGraph : IGraph<SecretiveState>
    {
        public void Build(GraphBuilder<SecretiveState> graph)
        {
            var key = graph.AddNode("key", (state, _) => state with { Key = Secret, Beside = state.Beside + 1 });
            var beside = graph.AddNode("beside", (state, _) => state with { Beside = state.Beside + 1 });
            var read = graph.AddNode("read", (state, _) => state with { Seen = state.Key == Secret ? "seen" : "lost" });
            graph.AddPath(Node.Start, key);
            graph.AddPath(Node.Start, beside, Node.End);
            graph.AddPath(key, read, Node.End);
        }
    }
}
