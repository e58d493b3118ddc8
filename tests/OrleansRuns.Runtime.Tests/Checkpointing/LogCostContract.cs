using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a thread's log costs in a database: the bytes of its rows, and the round trips.</summary>
public abstract class LogCostContract(ITestOutputHelper output) : IAsyncLifetime
{
    private StoreHost _host = null!;
    private ThreadLogProbe _probe = null!;

    public async Task InitializeAsync()
    {
        _host = await StoreHost.StartAsync(silo =>
        {
            Use(silo);
            // Bytes as they are counted here are those of JSON.
            silo.Configure<ThreadLogOptions>(options => options.CompressAboveBytes = 256 << 20);
        });
        _probe = new ThreadLogProbe(_host.Log);
    }

    public virtual async Task DisposeAsync() => await _host.DisposeAsync();

    /// <summary>Stores in a database that is the test's own.</summary>
    protected abstract void Use(ISiloBuilder silo);

    [Fact]
    public async Task ExecuteAsync_ThousandSuperstepsBesideAnUntouchedMegabyte_WritesLittle()
    {
        var bench = new RunBench(TurnsGraph.Compile(state => state), _probe);

        var outcome = await bench.ExecuteAsync(new { until = 1000, blob = new string('x', 1 << 20) });

        output.WriteLine($"{_probe.AppendedBytes:N0} bytes.");
        Assert.Equal(RunStatus.Success, outcome.Status);
        Assert.True(_probe.AppendedBytes < 5_000_000, $"1,000 supersteps wrote {_probe.AppendedBytes:N0} bytes.");
    }

    [Fact]
    public async Task ExecuteAsync_ListGrowsToTenThousand_WritesTheSameEachSuperstep()
    {
        var bench = new RunBench(
            TurnsGraph.Compile(state => state with
            {
                Items = Enumerable.Range(state.Turns * 10, 10).Aggregate(state.Items, (items, item) => items.Append($"item {item:D5}")),
            }),
            _probe);

        await bench.ExecuteAsync(new { until = 1000 });

        var sizes = new List<int>();
        var bases = 0L;
        for (var page = await PageAsync(0); !page.IsEmpty; page = await PageAsync(page[^1].Position + 1))
        {
            sizes.AddRange(page.Where(stored => !stored.Entry.IsBase).Select(stored => stored.StoredBytes));
            bases += page.Where(stored => stored.Entry.IsBase).Sum(stored => (long)stored.StoredBytes);
        }

        var (early, late) = (sizes.Take(100).Average(), sizes.TakeLast(101).SkipLast(1).Average());
        output.WriteLine($"{early:N0} bytes each at first, {late:N0} at last, {bases:N0} in bases, {_probe.AppendedBytes:N0} in all.");
        Assert.Equal(10_000, (await bench.StateAsync<TurnsState>()).Items.Count);
        Assert.True(late < early * 1.1, $"A superstep wrote {early:N0} bytes at first and {late:N0} at last.");
        Assert.True(bases < _probe.AppendedBytes * 0.67, $"{bases:N0} of {_probe.AppendedBytes:N0} bytes are bases.");
    }

    [Fact]
    public async Task LoadAsync_AnyCheckpoint_ReadsTwiceItsSizeInOneQuery()
    {
        var graph = TurnsGraph.Compile(state => state with { Items = state.Items.Append(new string('x', 500)) });
        var bench = new RunBench(graph, _probe);
        await bench.ExecuteAsync(new { until = 400, blob = "" });
        var history = await bench.Reader.ReadHistoryAsync(bench.Thread, null, 1000, CancellationToken.None);
        var run = Rows.Claimed(bench.Thread, new StartRunRequest { RunId = "run-1", Graph = graph.Name }, attempt: 1);
        var worst = 0.0;

        foreach (var point in history.Where((_, index) => index % 8 == 0))
        {
            var reads = _probe.Reads;
            var loaded = await bench.Reader.LoadAsync(run, graph, point.Checkpoint.Id, CancellationToken.None);
            var queries = _probe.Reads - reads;
            var line = await _host.Log.ReadLineAsync("log", CheckpointId.PositionOf(point.Checkpoint.Id), CancellationToken.None);
            var read = line.Sum(stored => stored.StoredBytes);
            var whole = JsonSerializer.SerializeToUtf8Bytes(graph.ToFullRecord(point.Checkpoint)).Length;

            Assert.Equal(point.Checkpoint.Id, loaded!.Id);
            Assert.Equal(1, queries);
            Assert.True(
                read <= (2 * whole) + (2 * BasePolicy.SmallBytes),
                $"Step {point.Checkpoint.Step}: {read:N0} bytes were read for {whole:N0}.");
            worst = whole > 4 * BasePolicy.SmallBytes ? Math.Max(worst, (double)read / whole) : worst;
        }

        output.WriteLine($"{history.Count} checkpoints; at worst {worst:F2} times the size was read.");
        Assert.Equal(401, history.Count);
        Assert.InRange(worst, 1, 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    public async Task ExecuteAsync_OneTaskASuperstep_MakesOneRoundTripEach(int supersteps)
    {
        var bench = new RunBench(TurnsGraph.Compile(state => state), _probe);

        await bench.ExecuteAsync(new { until = supersteps });

        Assert.Equal((1, 1 + supersteps + 1), (_probe.Reads, _probe.Appends));
    }

    private Task<ImmutableArray<StoredEntry>> PageAsync(long from) =>
        _host.Log.ReadPageAsync("log", from, 1000, CancellationToken.None);
}
