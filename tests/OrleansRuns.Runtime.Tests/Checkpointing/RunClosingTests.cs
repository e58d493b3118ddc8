using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Last entries of runs that nobody executes any more.</summary>
public sealed class RunClosingTests(ITestOutputHelper output)
{
    private static readonly EndLogRecord Cancelled = new() { Status = "interrupted", StopReason = "cancelled" };

    private readonly MemoryThreadLogStore _store = new();
    private readonly CompiledGraph _graph =
        TurnsGraph.Compile(state => state with { Items = state.Items.Append($"{state.Turns} of {state.Until}") });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CloseAsync_AttemptHasNotWrittenItsClaimYet_FencesIt(bool rollBack)
    {
        var probe = new ThreadLogProbe(_store);
        var bench = new RunBench(_graph, probe);
        probe.Appending = async entry =>
        {
            if (entry.AppendId == "run-1/1/0")
            {
                await CloseAsync(bench, "run-1", rollBack);
            }
        };

        var outcome = await bench.ExecuteAsync(new { until = 3 });

        Assert.True(outcome.IsFenced);
        Assert.Equal("interrupted", Assert.Single(await PageAsync()).Entry.Records.OfType<EndLogRecord>().Single().Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CloseAsync_LaterAttemptHasClaimed_WritesNothing(bool rollBack)
    {
        var bench = new RunBench(_graph, _store);
        await bench.ExecuteAsync(new { until = 3 }, attempt: 2);
        var entries = _store.Appends;

        await Assert.ThrowsAsync<FencedException>(() => CloseAsync(bench, "run-1", rollBack));

        Assert.Equal(entries, _store.Appends);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CloseAsync_NextRunHasClaimedSinceTheRowWasRead_WritesNothing(bool rollBack)
    {
        // As one does that stood still between the two reads, while the run was ended by another and the next one began.
        var bench = new RunBench(_graph, _store);
        await bench.ExecuteAsync(new { until = 3 });
        await bench.ExecuteAsync(new { until = 3 }, "run-2");
        var entries = _store.Appends;

        await Assert.ThrowsAsync<FencedException>(
            () => bench.CloseAsync("run-1", Cancelled, rollBack, row => row with { Status = RunStatus.Success }));

        Assert.Equal(entries, _store.Appends);
    }

    [Fact]
    public async Task CloseAsync_LaterAttemptHasBegunAndNotClaimedYet_WritesNothing()
    {
        var bench = new RunBench(_graph, _store);
        await bench.ExecuteAsync(new { until = 3 }, "run-0");
        var entries = _store.Appends;

        await Assert.ThrowsAsync<FencedException>(
            () => bench.CloseAsync("run-1", Cancelled, rollBack: false, row => row with { Attempt = 2 }));

        Assert.Equal(entries, _store.Appends);
    }

    [Fact]
    public async Task CloseAsync_AttemptHasNotReadItsLogYet_ItEndsAsItWasClosed()
    {
        var bench = new RunBench(_graph, _store);
        await CloseAsync(bench, "run-1", rollBack: false);

        var outcome = await bench.ExecuteAsync(new { until = 3 });

        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled, 1), (outcome.Status, outcome.StopReason, _store.Appends));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CloseAsync_AttemptIsInTheMiddle_FencesIt(bool rollBack)
    {
        var probe = new ThreadLogProbe(_store);
        var bench = new RunBench(_graph, probe);
        probe.Appending = async entry =>
        {
            if (entry.AppendId == "run-1/1/3")
            {
                await CloseAsync(bench, "run-1", rollBack);
            }
        };

        var outcome = await bench.ExecuteAsync(new { until = 30 });

        Assert.True(outcome.IsFenced);
        Assert.Equal(4, (await PageAsync()).Count);
        Assert.Equal(rollBack ? 0 : 3, (await HistoryAsync(bench)).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CloseAsync_Again_AppendsNothing(bool rollBack)
    {
        var bench = new RunBench(_graph, _store);
        await bench.ExecuteAsync(new { until = 3 });
        await CloseAsync(bench, "run-1", rollBack);
        var entries = _store.Appends;

        await CloseAsync(bench, "run-1", rollBack);

        Assert.Equal(entries, _store.Appends);
    }

    [Fact]
    public async Task CloseAsync_StateBeforeTheRunIsPruned_RefusesAndAppendsNothing()
    {
        var bench = new RunBench(_graph, _store);
        await bench.ExecuteAsync(new { until = 3 }, "run-0");
        await bench.ExecuteAsync(new { until = 200 });
        var removed = await _store.PruneAsync("log", long.MaxValue, CancellationToken.None);
        var entries = _store.Appends;

        var exception = await Assert.ThrowsAsync<RollbackImpossibleException>(() => CloseAsync(bench, "run-1", rollBack: true));

        Assert.True(removed > 4, $"Only {removed} entries were removed: the state before the run is still there.");
        Assert.Contains("run-1", exception.Message, StringComparison.Ordinal);
        Assert.Equal(entries, _store.Appends);
    }

    [Fact]
    public async Task CloseAsync_RandomRunsRolledBack_LeavesAThreadThatNeverHadThem()
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        var rolledBack = 0;
        for (var round = 0; round < 12; round++)
        {
            var random = new Random(seed + round);
            var (with, without) = (new RunBench(_graph, new MemoryThreadLogStore()), new RunBench(_graph, new MemoryThreadLogStore()));
            for (var index = 0; index < 6; index++)
            {
                var (run, input) = ($"run-{index}", new { until = (index + 1) * random.Next(1, 40) });
                await with.ExecuteAsync(input, run);
                if (random.Next(2) == 0)
                {
                    await CloseAsync(with, run, rollBack: true);
                    await HideAsync(with, run);
                    rolledBack++;
                }
                else
                {
                    await without.ExecuteAsync(input, run);
                }
            }

            Assert.Equal(await StatesAsync(without), await StatesAsync(with));
            await AssertPagesAsync(with);
        }

        Assert.True(rolledBack > 0, $"No run was rolled back with seed {seed}.");
        output.WriteLine($"{rolledBack} runs rolled back");
    }

    private static Task CloseAsync(RunBench bench, string run, bool rollBack) => bench.CloseAsync(run, Cancelled, rollBack);

    private static async Task HideAsync(RunBench bench, string run)
    {
        await bench.Catalog.AdmitAsync(new NewRun(run, bench.Thread.ThreadId, bench.Thread.Graph, "", "{}"), CancellationToken.None);
        await bench.Catalog.EndAsync(
            new RunEnd { RunId = run, Attempt = 0, Status = RunStatus.Interrupted, RolledBack = true }, CancellationToken.None);
    }

    private static async Task<IReadOnlyList<(string, int, string)>> StatesAsync(RunBench bench) =>
    [
        .. (await HistoryAsync(bench)).Select(point =>
            (point.RunId, point.Checkpoint.Step, point.Graph.ToJson(point.Checkpoint).ToJsonString())),
    ];

    private static Task<IReadOnlyList<ThreadPoint>> HistoryAsync(RunBench bench) =>
        bench.Reader.ReadHistoryAsync(bench.Thread, null, 10_000, CancellationToken.None);

    /// <summary>Checks that reading page by page gives what reading at once gives.</summary>
    private static async Task AssertPagesAsync(RunBench bench)
    {
        var all = (await HistoryAsync(bench)).Select(point => point.Checkpoint.Id).ToList();
        var paged = new List<string>();
        while (paged.Count < all.Count)
        {
            var page = await bench.Reader.ReadHistoryAsync(bench.Thread, paged.LastOrDefault(), 7, CancellationToken.None);
            Assert.NotEmpty(page);
            paged.AddRange(page.Select(point => point.Checkpoint.Id));
        }

        Assert.Equal(all, paged);
    }

    private async Task<IReadOnlyList<StoredEntry>> PageAsync() => await _store.ReadPageAsync("log", 0, 1000, CancellationToken.None);
}
