using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class TakeoverTests(ITestOutputHelper output)
{
    private const int Races = 40;
    private const int Turns = 12;

    private readonly MemoryThreadLogStore _store = new();

    [Fact]
    public async Task ExecuteAsync_AnotherAttemptTookOver_AppendsAndTellsNothingMore()
    {
        var reached = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        var arrivals = 0;
        var bench = new RunBench(GraphCompiler.Compile("gated", new GatedGraph(async () =>
        {
            if (Interlocked.Increment(ref arrivals) == 1)
            {
                reached.SetResult();
                await go.Task;
            }
        })), _store);
        var events = new RecordedEvents();

        var zombie = bench.ExecuteAsync(new { }, attempt: 1, events: events);
        await reached.Task.WithinAsync("the first attempt to reach its node");
        var told = events.Checkpoints;
        var second = await bench.ExecuteAsync(new { }, attempt: 2);
        var entries = _store.Appends;
        go.SetResult();
        var first = await zombie;

        Assert.Equal(RunStatus.Success, second.Status);
        Assert.True(first.IsFenced);
        Assert.Equal(entries, _store.Appends);
        Assert.Equal(told, events.Checkpoints);
        Assert.Equal(["gated"], (await bench.StateAsync<TurnsState>()).Items);
    }

    [Fact]
    public async Task ExecuteAsync_LaterAttemptHasClaimed_IsFencedAndWritesNothing()
    {
        var bench = new RunBench(TurnsGraph.Compile(state => state), _store);
        await bench.ExecuteAsync(new { until = 3 }, attempt: 2);
        var entries = _store.Appends;

        var late = await bench.ExecuteAsync(new { until = 3 }, attempt: 1);

        Assert.Equal((true, entries), (late.IsFenced, _store.Appends));
    }

    [Fact]
    public async Task ExecuteAsync_FencedWhileANodeRuns_CancelsIt()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        var bench = new RunBench(
            GraphCompiler.Compile("parallel", new ParallelGraph(
                _ => go.Task,
                async node =>
                {
                    await using var registration = node.CancellationToken.Register(() => cancelled.TrySetResult());
                    reached.SetResult();
                    await cancelled.Task;
                    node.CancellationToken.ThrowIfCancellationRequested();
                })),
            _store);

        var zombie = bench.ExecuteAsync(new { });
        await reached.Task.WithinAsync("the node to be reached that is to be cancelled");
        await ClaimAsync();
        var entries = _store.Appends;
        go.SetResult();
        var outcome = await zombie;

        Assert.True(outcome.IsFenced);
        Assert.True(cancelled.Task.IsCompleted);
        Assert.Equal(entries, _store.Appends);
    }

    [Theory]
    [InlineData(RecoveryPolicy.Stop, RunStatus.Interrupted, 1)]
    [InlineData(RecoveryPolicy.Resume, RunStatus.Success, 2)]
    public async Task ExecuteAsync_StoppedBeforeAndTheRowDoesNotSaySo_FollowsThePolicy(RecoveryPolicy policy, RunStatus status, int turns)
    {
        var stop = new RunStop();
        var graph = TurnsGraph.Compile(state =>
        {
            stop.RequestDrain();
            return state with { Items = state.Items.Append($"{state.Turns}") };
        });
        var bench = new RunBench(graph, _store) { RecoveryPolicy = policy };

        var stopped = await bench.ExecuteAsync(new { until = 2 }, stop: stop);
        var next = await bench.ExecuteAsync(new { until = 2 }, attempt: 2);

        Assert.Equal((RunStatus.Interrupted, StopReason.Drained), (stopped.Status, stopped.StopReason));
        Assert.Equal(status, next.Status);
        Assert.Equal(turns, (await bench.StateAsync<TurnsState>()).Turns);
    }

    [Fact]
    public async Task ExecuteAsync_ZombieAppendsBeforeTheClaim_ClaimsAgain()
    {
        var graph = TurnsGraph.Compile(state => state with { Items = state.Items.Append($"{state.Turns}") });
        var probe = new ThreadLogProbe(_store);
        await new RunBench(graph, _store).ExecuteAsync(new { until = 3 }, "run-0");
        var isFirst = true;
        probe.Appending = async entry =>
        {
            if (isFirst)
            {
                isFirst = false;
                var newest = (await _store.ReadLineAsync("log", null, CancellationToken.None))[^1];
                await _store.AppendAsync(
                    "log", newest.Position + 1, newest.Entry with { AppendId = "run-0/1/99" }, CancellationToken.None);
            }
        };

        var outcome = await new RunBench(graph, probe).ExecuteAsync(new { until = 6 });

        Assert.Equal((false, RunStatus.Success), (outcome.IsFenced, outcome.Status));
        Assert.Equal(["0", "1", "2", "3", "4", "5"], (await new RunBench(graph, _store).StateAsync<TurnsState>()).Items);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExecuteAsync_ClosedBeforeItsFirstEntry_TakesItsInputInTheNextAttempt(bool threadHasState)
    {
        var bench = new RunBench(TurnsGraph.Compile(state => state with { Items = state.Items.Append($"turn {state.Turns}") }), _store);
        if (threadHasState)
        {
            await bench.ExecuteAsync(new { until = 1 });
        }

        await bench.CloseAsync("run-2", new EndLogRecord { Status = "interrupted", StopReason = "drained" }, rollBack: false);
        var events = new RecordedEvents();
        var outcome = await bench.ExecuteAsync(new { blob = "asked for", until = 1 }, "run-2", attempt: 2, events);

        Assert.Equal(RunStatus.Success, outcome.Status);
        Assert.Equal("asked for", (await bench.StateAsync<TurnsState>()).Blob);
        Assert.NotEmpty(events.Checkpoints);
    }

    [Fact]
    public async Task ExecuteAsync_AnotherRunClaimsFirst_IsFencedAndRunsNoNode()
    {
        var turns = 0;
        var graph = TurnsGraph.Compile(state =>
        {
            turns++;
            return state;
        });
        var probe = new ThreadLogProbe(_store) { Appending = _ => new RunBench(graph, _store).ExecuteAsync(new { until = 3 }, "run-2") };

        var outcome = await new RunBench(graph, probe).ExecuteAsync(new { until = 6 });

        Assert.True(outcome.IsFenced);
        Assert.Equal(3, turns);
        Assert.All(
            await _store.ReadPageAsync("log", 0, 1000, CancellationToken.None), stored => Assert.Equal("run-2", stored.Entry.RunId));
    }

    [Fact]
    public async Task ExecuteAsync_TwoRunsRaceForAThread_OneWritesAtATimeAndOneEnds()
    {
        var first = Environment.TickCount & 0xFFFFFF;
        output.WriteLine($"Seeds {first} to {first + Races - 1}.");
        var takeovers = 0;

        for (var seed = first; seed < first + Races; seed++)
        {
            takeovers += await RaceAsync(new Random(seed), $"Seed {seed}");
        }

        output.WriteLine($"{takeovers} of {Races} races were decided after the loser had written.");
        Assert.True(takeovers > 0, $"Seeds from {first} met no takeover.");
    }

    /// <summary>Lets a second attempt begin somewhere in the middle of the first.</summary>
    /// <returns>One when both have written.</returns>
    private static async Task<int> RaceAsync(Random random, string place)
    {
        var store = new MemoryThreadLogStore();
        var middle = random.Next(Turns);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var graph = TurnsGraph.Compile(state =>
        {
            if (state.Turns == middle)
            {
                reached.TrySetResult();
            }

            return state with { Items = state.Items.Append($"{state.Turns}") };
        });
        RecordedEvents[] events = [new(), new()];

        var zombie = new RunBench(graph, store).ExecuteAsync(new { until = Turns }, attempt: 1, events: events[0]);
        await reached.Task.WithinAsync($"{place}: turn {middle}");
        var successor = new RunBench(graph, store);
        RunOutcome[] outcomes = [await successor.ExecuteAsync(new { until = Turns }, attempt: 2, events: events[1]), await zombie];

        var log = await store.ReadPageAsync("log", 0, 1000, CancellationToken.None);
        var attempts = log.Select(stored => stored.Entry.Attempt).ToList();
        Assert.True(attempts.SequenceEqual(attempts.Order()), $"{place}: attempts wrote in the order {string.Join(' ', attempts)}.");
        Assert.True(
            log.SelectMany(stored => stored.Entry.Records).OfType<EndLogRecord>().Count() == 1, $"{place}: there is not one end.");
        Assert.True(
            outcomes[1].IsFenced == attempts.Contains(2) && !outcomes[0].IsFenced,
            $"{place}: attempt 2 ended as {outcomes[0]}, attempt 1 as {outcomes[1]}.");
        foreach (var attempt in new[] { 1, 2 })
        {
            var written = log.Where(stored => stored.Entry.Attempt == attempt).SelectMany(stored => stored.Entry.Records)
                .OfType<CheckpointLogRecord>().Where(record => record.RunId is null).Select(record => record.Checkpoint.Id);
            var claimed = log.Where(stored => stored.Entry.Attempt < attempt).SelectMany(stored => stored.Entry.Records)
                .OfType<CheckpointLogRecord>().Select(record => record.Checkpoint.Id).TakeLast(1);
            Assert.True(
                events[attempt - 1].Checkpoints.All(written.Concat(claimed).Contains),
                $"{place}: attempt {attempt} told of checkpoints that it did not write.");
        }

        Assert.Equal(
            Enumerable.Range(0, Turns).Select(turn => $"{turn}"), (await successor.StateAsync<TurnsState>()).Items);
        return attempts.Contains(2) ? 1 : 0;
    }

    private async Task ClaimAsync()
    {
        var newest = (await _store.ReadLineAsync("log", null, CancellationToken.None))[^1];
        var claim = newest.Entry with { AppendId = "run-1/2/0", Attempt = 2, IsBase = false, Records = [LogEntries.Claim()] };
        Assert.True((await _store.AppendAsync("log", newest.Position + 1, claim, CancellationToken.None)).IsAppended);
    }

    private sealed class GatedGraph(Func<Task> gate) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var node = graph.AddNode("gated", async (state, _) =>
            {
                await gate();
                return state with { Items = state.Items.Append("gated") };
            });
            graph.AddEdge(Node.Start, node);
            graph.AddEdge(node, Node.End);
        }
    }

    private sealed class ParallelGraph(Func<NodeContext, Task> left, Func<NodeContext, Task> right) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            foreach (var (name, code) in new[] { ("left", left), ("right", right) })
            {
                var node = graph.AddNode(name, async (state, context) =>
                {
                    await code(context);
                    return state with { Items = state.Items.Append(name) };
                });
                graph.AddEdge(Node.Start, node);
                graph.AddEdge(node, Node.End);
            }
        }
    }
}
