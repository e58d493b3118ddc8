using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs whose silos died, and which are not proven to be the cause.</summary>
public sealed class SuspectTests
{
    [Fact]
    public async Task ExecuteAsync_LongNodeInALastAttempt_SaysThatItIsAloneNoMoreBeforeOthersComeIn()
    {
        var store = new MemoryThreadLogStore();
        var end = new TaskCompletionSource();
        var attempts = new List<Task>();
        RunBench bench = null!;
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            // Each attempt is on a silo of its own; those before the last one never come back.
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            bench = new RunBench(GraphCompiler.Compile("long", new LongGraph(reached, end.Task)), store);
            attempts.Add(bench.ExecuteAsync(new { }, attempt: attempt));
            await reached.Task.WithinAsync($"the node of attempt {attempt} to begin");
        }

        Assert.True((await ClaimAsync(store)).Suspicion!.IsAlone);
        using var neighbour = await bench.Turns.EnterAsync(new Strikes([], WasAlone: false, Unlogged: 0), CancellationToken.None)
            .WithinAsync("a neighbour to come in");

        var claim = await ClaimAsync(store);
        Assert.Equal((2, false), (claim.Suspicion!.LostOwners.Length, claim.Suspicion.IsAlone));
        end.SetResult();
        await Task.WhenAll(attempts).WithinAsync("all attempts to end");
    }

    private static async Task<ClaimLogRecord> ClaimAsync(MemoryThreadLogStore store) =>
        LogView.Of(await store.ReadLineAsync("log", null, CancellationToken.None)).Claim!;

    private sealed class LongGraph(TaskCompletionSource reached, Task end) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph) => graph.AddPath(
            Node.Start,
            graph.AddNode("long", async (state, _) =>
            {
                reached.SetResult();
                await end;
                return state with { Turns = 1 };
            }),
            Node.End);
    }
}
