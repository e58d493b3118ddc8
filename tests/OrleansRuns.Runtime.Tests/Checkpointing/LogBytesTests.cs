using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed record LoopState : GraphState
{
    public int Number { get; init; }

    public int Last { get; init; }

    /// <summary>Gets how many items each superstep appends.</summary>
    public int Items { get; init; }

    public string? Large { get; init; }

    public AppendList<string> List { get; init; }
}

/// <summary>What runs cost their log: bytes and accesses, counted below the execution.</summary>
public sealed class LogBytesTests
{
    private const int Supersteps = 1000;

    private readonly MemoryThreadLogStore _log = new();
    private readonly CompiledGraph _graph = GraphCompiler.Compile("loop", new LoopGraph());

    [Fact]
    public async Task Execute_ThousandSuperstepsBesideALargeChannel_WritesUnderFiveMegabytes()
    {
        // Random text: what compresses well would prove nothing.
        var large = Convert.ToBase64String(RandomNumberGenerator.GetBytes(768 << 10));
        Assert.Equal(1 << 20, large.Length);

        await RunAsync(new { last = Supersteps, large });

        Assert.InRange(_log.AppendedBytes, 768 << 10, 5_000_000);
    }

    [Fact]
    public async Task Execute_ListGrowsToTenThousand_WritesTheSameEverySuperstep()
    {
        await RunAsync(new { last = Supersteps, items = 10 });

        var entries = await ReadAsync();
        var deltas = entries.Where(stored => !stored.Entry.IsBase).Select(stored => stored.StoredBytes).ToList();
        var (early, late) = (deltas.Take(100).Average(), deltas.TakeLast(100).Average());
        Assert.True(late < 1.2 * early, $"A superstep wrote {early} bytes at first and {late} bytes at last.");
        Assert.True(
            _log.AppendedBytes < 3 * deltas.Average() * Supersteps,
            $"With its bases the log has {_log.AppendedBytes} bytes for {Supersteps} supersteps of {deltas.Average()} bytes.");
    }

    [Fact]
    public async Task ReadLine_AnyCheckpoint_ReadsAtMostAboutTwiceItsSize()
    {
        await RunAsync(new { last = Supersteps, items = 10 });

        foreach (var stored in (await ReadAsync()).Where(stored => stored.Position % 13 == 0 || stored.Position > Supersteps - 5))
        {
            var line = await _log.ReadLineAsync(ExecutionBench.LogId, stored.Position, default);
            var read = line.Sum(entry => entry.StoredBytes);
            var whole = line[0].StoredBytes;
            Assert.True(
                read <= (2 * whole) + BasePolicy.SmallBytes + stored.StoredBytes,
                $"Position {stored.Position} reads {read} bytes from a base of {whole}.");
            Assert.True(
                line.Length <= 65 || read > BasePolicy.SmallBytes, $"Position {stored.Position} reads {line.Length} small entries.");
        }
    }

    [Fact]
    public async Task Execute_OneTaskASuperstep_AccessesTheLogOnceForEach()
    {
        var counting = new FaultyLogStore(_log, int.MaxValue, default);

        await RunAsync(new { last = 100 }, counting);

        // One read and one append to begin, one append a superstep, one for the end.
        Assert.Equal(2 + 100 + 1, counting.Accesses);
    }

    private async Task RunAsync(object input, IThreadLogStore? store = null)
    {
        using var bench = new ExecutionBench(EmptyServices.Instance, TimeProvider.System);
        var request = new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = "loop",
            Input = JsonSerializer.Serialize(input),
            RecursionLimit = 2 * Supersteps,
        };
        var outcome = await bench.ExecuteAsync(_graph, store ?? _log, request).WithinAsync($"{Supersteps} supersteps");
        Assert.Equal((RunStatus.Success, null), (outcome.Status, outcome.Error));
    }

    private async Task<ImmutableArray<StoredEntry>> ReadAsync()
    {
        var entries = ImmutableArray.CreateBuilder<StoredEntry>();
        while (await _log.ReadPageAsync(ExecutionBench.LogId, entries.Count, 500, default) is { IsEmpty: false } page)
        {
            entries.AddRange(page);
        }

        return entries.ToImmutable();
    }

    private sealed class LoopGraph : IGraph<LoopState>
    {
        public void Build(GraphBuilder<LoopState> graph)
        {
            var step = graph.AddNode("step", (state, _) => state with
            {
                Number = state.Number + 1,
                List = state.List.AppendRange(Enumerable.Range(0, state.Items).Select(item => $"item {state.Number} {item}")),
            });
            graph.AddEdge(Node.Start, step);
            graph.AddBranch(step, state => state.Number < state.Last ? step : Node.End, step, Node.End);
        }
    }
}
