using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunReplayTests
{
    private const string Thread = "log";

    private readonly MemoryThreadLogStore _store = new();

    [Fact]
    public async Task ReadAsync_RunHasEnded_TellsWhatWasToldLive()
    {
        var bench = new RunBench(Listing, _store);
        var live = await ExecuteAsync(bench, new { until = 150 });

        var again = await ReadAsync(bench);

        EventStream.AssertNothingIsMissedSilently(again);
        EventStream.AssertSame(live.Where(EventStream.IsDurable), again.Where(EventStream.IsDurable).SkipLast(1));
        Assert.Equal(RunEventKinds.End, again[^1].Kind);
        Assert.Equal(live[^1].Number + 1, again[^1].Number);
    }

    [Fact]
    public async Task ReadAsync_AfterEachNumber_TellsTheRest()
    {
        var bench = new RunBench(Listing, _store);
        await ExecuteAsync(bench, new { until = 12 });
        var all = await ReadAsync(bench);

        foreach (var seen in all)
        {
            var rest = await ReadAsync(bench, seen.Number);

            EventStream.AssertNothingIsMissedSilently(rest.SkipLast(seen.Kind == RunEventKinds.End ? 1 : 0), seen.Number);
            EventStream.AssertSame(all.Where(e => e.Number > seen.Number), rest.SkipLast(seen.Kind == RunEventKinds.End ? 1 : 0));
        }
    }

    [Fact]
    public async Task ReadAsync_NearTheEndOfALongRun_ReadsLittleOfTheLog()
    {
        const int Turns = 1000;
        var probe = new ThreadLogProbe(_store);
        var bench = new RunBench(Listing, probe);
        var live = await ExecuteAsync(bench, new { until = Turns });
        var reads = probe.Reads;

        // After the start of every task there is a gap, and then the four events of its superstep.
        var rest = await ReadAsync(bench, live[^1].Number - 10);

        Assert.Equal(RunEventKinds.End, rest[^1].Kind);
        Assert.True(probe.Reads - reads <= 10, $"{probe.Reads - reads} queries for the last events of {Turns} supersteps.");
    }

    [Fact]
    public async Task ReadAsync_FromTheMiddleOfALongRun_ReadsLittleOfTheLog()
    {
        const int Turns = 1000;
        var probe = new ThreadLogProbe(_store);
        var bench = new RunBench(Listing, probe);
        var live = await ExecuteAsync(bench, new { until = Turns });
        var reads = probe.Reads;
        var replay = Replay(bench);

        var few = await replay.ReadAsync(live[2000].Number, live[2010].Number, RunEventFilter.All, CancellationToken.None)
            .ToListAsync(CancellationToken.None);

        EventStream.AssertSame(
            live.Skip(2000).Take(11).Where(EventStream.IsDurable), few.Where(EventStream.IsDurable));
        Assert.True(probe.Reads - reads < 30, $"{probe.Reads - reads} queries for ten events among {Turns} supersteps.");
    }

    [Fact]
    public async Task ReadAsync_OnlyValues_HasNoGaps()
    {
        var bench = new RunBench(Listing, _store);
        await ExecuteAsync(bench, new { until = 20 });

        var values = await ReadAsync(bench, kinds: [RunEventKinds.Values]);

        Assert.Equal(
            [RunEventKinds.Metadata, .. Enumerable.Repeat(RunEventKinds.Values, 21), RunEventKinds.End], values.Select(e => e.Kind));
    }

    [Fact]
    public async Task ReadAsync_LogIsPruned_TellsOneGapAndThenEverything()
    {
        var bench = new RunBench(Listing, _store);
        var live = await ExecuteAsync(bench, new { until = 200 });
        var removed = await _store.PruneAsync(Thread, 100, CancellationToken.None);

        var again = await ReadAsync(bench, kinds: [RunEventKinds.Values]);

        Assert.True(removed > 0);
        Assert.Equal(RunEventKinds.Gap, again[0].Kind);
        Assert.Equal(0, EventStream.Gap(again[0]).From);
        Assert.DoesNotContain(again.Skip(1), e => e.Kind == RunEventKinds.Gap);
        EventStream.AssertSame(
            live.Where(e => e.Kind == RunEventKinds.Values && e.Number > again[0].Number),
            again.Where(e => e.Kind == RunEventKinds.Values));
        Assert.True(again.Count > 100);
    }

    [Fact]
    public async Task ReadAsync_EntriesOfAnEarlierProgram_TellsTheGapTheStateAndTheEnd()
    {
        var bench = new RunBench(Listing, new EarlierProgram(_store));
        await bench.ExecuteAsync(new { until = 5 });

        var told = await ReadAsync(bench);
        var seen = await ReadAsync(bench, told[^2].Number);

        Assert.Equal([RunEventKinds.Gap, RunEventKinds.Values, RunEventKinds.End], told.Select(e => e.Kind));
        Assert.Contains("\"turns\":5", told[1].Data, StringComparison.Ordinal);
        EventStream.AssertNothingIsMissedSilently(told);
        EventStream.AssertSame(told.TakeLast(1), seen);
    }

    [Fact]
    public async Task ReadAsync_EarlierProgramBeganTheRun_TellsWhatCameAfterIt()
    {
        var store = new EarlierProgram(_store) { LastEntry = 4 };
        var bench = new RunBench(Listing, store);
        var live = await ExecuteAsync(bench, new { until = 40 });

        var told = await ReadAsync(bench, kinds: [RunEventKinds.Values]);

        var values = told.Where(e => e.Kind == RunEventKinds.Values).ToList();
        EventStream.AssertSame(live.Where(e => e.Kind == RunEventKinds.Values).TakeLast(values.Count), values);
        Assert.Equal(41 - 4, values.Count);
        Assert.Equal(RunEventKinds.Gap, told[0].Kind);
    }

    [Fact]
    public async Task ReadAsync_UpdateIsTooLargeToBeToldAgain_TellsAGapAndTheRunGoesOn()
    {
        var store = new MemoryThreadLogStore(new ThreadLogOptions { MaxEntryBytes = 64 * 1024 });
        var bench = new RunBench(GraphCompiler.Compile("texts", new OverwriteGraph()), store);
        var live = await ExecuteAsync(bench, new { }, "texts");

        var again = await ReadAsync(bench, graph: "texts");

        Assert.Equal(2, live.Count(e => e.Kind == RunEventKinds.Updates));
        Assert.Equal(1, again.Count(e => e.Kind == RunEventKinds.Updates));
        Assert.Equal(live.Count(e => e.Kind == RunEventKinds.Values), again.Count(e => e.Kind == RunEventKinds.Values));
        EventStream.AssertNothingIsMissedSilently(again);
    }

    [Fact]
    public async Task ReadAsync_RunWasTakenOverFromAZombie_NoNumberWasGivenTwice()
    {
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var arrivals = 0;
        var graph = GraphCompiler.Compile("emitting", new EmittingGraph(async node =>
        {
            if (Interlocked.Increment(ref arrivals) == 1)
            {
                reached.SetResult();
                await go.Task;
                node.Emit("of the zombie");
            }
        }));
        var bench = new RunBench(graph, _store);
        var (first, second) = (new RunEventBuffer(1000, int.MaxValue), new RunEventBuffer(1000, int.MaxValue));
        first.Copy(0, RunEventFilter.All);
        second.Copy(0, RunEventFilter.All);

        var zombie = bench.ExecuteAsync(new { }, attempt: 1, events: first);
        await reached.Task.WithinAsync("the first attempt to reach its node");
        await bench.ExecuteAsync(new { }, attempt: 2, events: second);
        go.SetResult();
        Assert.True((await zombie).IsFenced);

        var told = new[] { first, second }
            .SelectMany(buffer => buffer.Copy(0, RunEventFilter.All).Batch)
            .Select(kept => kept.Event)
            .ToList();
        var again = await ReadAsync(bench, graph: "emitting");
        Assert.Contains(told, e => e.Data.Contains("of the zombie", StringComparison.Ordinal));
        Assert.Equal(told.Count, told.DistinctBy(e => e.Number).Count());
        EventStream.AssertSame(told.Where(EventStream.IsDurable), again.Where(EventStream.IsDurable).SkipLast(1));
    }

    private static CompiledGraph Listing { get; } =
        TurnsGraph.Compile(state => state with { Items = state.Items.Append($"{state.Turns}") });

    private static RunRow Row(RunBench bench, string graph = "loop") =>
        Rows.Claimed(bench.Thread, new StartRunRequest { RunId = "run-1", Graph = graph }, attempt: 1);

    private static async Task<List<RunEvent>> ExecuteAsync(RunBench bench, object input, string graph = "loop")
    {
        var buffer = new RunEventBuffer(int.MaxValue, int.MaxValue);
        buffer.Copy(0, RunEventFilter.All);
        var outcome = await bench.ExecuteAsync(input, events: buffer);
        Assert.Equal(RunStatus.Success, outcome.Status);
        buffer.Close();
        return await bench.EventReader
            .ReadAsync(Row(bench, graph), buffer, -1, RunEventFilter.All, new TaskCompletionSource().Task, CancellationToken.None)
            .ToListAsync(CancellationToken.None);
    }

    private static Task<List<RunEvent>> ReadAsync(
        RunBench bench, long after = -1, IReadOnlyList<string>? kinds = null, string graph = "loop") =>
        bench.EventReader
            .ReadAsync(
                Row(bench, graph),
                RunEventBuffer.Closed(Row(bench, graph).ToSnapshot()),
                after,
                new RunEventFilter(kinds),
                new TaskCompletionSource().Task,
                CancellationToken.None)
            .ToListAsync(CancellationToken.None);

    private RunReplay Replay(RunBench bench) => new(_store, bench.Reader, bench.Graphs, Row(bench));

    /// <summary>Two supersteps that each replace a list; the second one's text would not go into an entry twice.</summary>
    private sealed class OverwriteGraph : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var small = graph.AddNode("small", (state, _) => state with { Items = state.Items.Overwrite(["a"]) });
            var large = graph.AddNode(
                "large", (state, _) => state with { Items = state.Items.Overwrite([new string('x', 40 * 1024)]) });
            graph.AddPath(Node.Start, small, large, Node.End);
        }
    }

    private sealed class EmittingGraph(Func<NodeContext, Task> code) : IGraph<TurnsState>
    {
        public void Build(GraphBuilder<TurnsState> graph)
        {
            var node = graph.AddNode("emits", async (state, context) =>
            {
                context.Emit("before");
                await code(context);
                return state with { Turns = 1 };
            });
            graph.AddPath(Node.Start, node, Node.End);
        }
    }

    /// <summary>Stores entries as a program did that did not store events.</summary>
    private sealed class EarlierProgram(IThreadLogStore store) : IThreadLogStore
    {
        internal long LastEntry { get; init; } = long.MaxValue;

        public Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken) =>
            store.AppendAsync(logId, position, position < LastEntry ? entry with { Events = null } : entry, cancellationToken);

        public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
            store.ReadLineAsync(logId, position, cancellationToken);

        public Task<ImmutableArray<StoredEntry>> ReadPageAsync(
            string logId, long from, int limit, CancellationToken cancellationToken) =>
            store.ReadPageAsync(logId, from, limit, cancellationToken);

        public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
            store.PruneAsync(logId, below, cancellationToken);
    }
}
