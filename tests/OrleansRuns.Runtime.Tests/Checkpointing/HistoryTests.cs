using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class HistoryTests
{
    private readonly MemoryThreadLogStore _store = new();

    [Fact]
    public async Task ReadHistoryAsync_BasesRepeatWhatStandsAloneInItsLine_ReturnsEachCheckpointOnce()
    {
        var bench = new RunBench(TurnsGraph.Compile(state => state), _store);
        await bench.ExecuteAsync(new { until = 3 });
        await RepeatAsync();
        await bench.ExecuteAsync(new { until = 5 }, "run-2");
        await RepeatAsync();
        await RepeatAsync();

        var history = await bench.Reader.ReadHistoryAsync(bench.Thread, null, 1000, CancellationToken.None);
        var pages = new List<ThreadPoint>();
        for (string? before = null; pages.Count == 0 || pages[^1].Checkpoint.ParentId is not null; before = pages[^1].Checkpoint.Id)
        {
            pages.AddRange(await bench.Reader.ReadHistoryAsync(bench.Thread, before, 1, CancellationToken.None));
        }

        Assert.Equal([5, 4, 3, 2, 1, 0, -1], history.Select(point => point.Checkpoint.Step));
        Assert.Equal(history.Select(point => point.Checkpoint.Id), pages.Select(point => point.Checkpoint.Id));
        Assert.Equal(history.Skip(1).Select(point => point.Checkpoint.Id), history.SkipLast(1).Select(point => point.Checkpoint.ParentId));
        Assert.Equal(["run-2", "run-2", "run-2", "run-1", "run-1", "run-1", "run-1"], history.Select(point => point.RunId));
    }

    [Fact]
    public async Task ReadHistoryAsync_EveryCheckpointStandsAloneAndIsRepeated_ReturnsEachOnce()
    {
        var graph = TurnsGraph.Compile(state => state);
        var original = new MemoryThreadLogStore();
        await new RunBench(graph, original).ExecuteAsync(new { until = 3 });
        var view = LogView.Empty;
        var position = 0L;
        foreach (var stored in await original.ReadPageAsync("log", 0, 1000, CancellationToken.None))
        {
            view = view.With(stored.Position, stored.Entry, stored.StoredBytes);
            var whole = new CheckpointLogRecord { Checkpoint = graph.ToFullRecord(graph.Load("", view.Root!.Line)) };
            var own = stored.Entry with { IsBase = true, Records = [view.Claim!, whole] };
            var again = own with
            {
                AppendId = stored.Entry.AppendId + "/again",
                Records = [view.Claim!, whole with { RunId = view.Root.RunId, At = view.Root.At }],
            };
            foreach (var entry in stored.Entry.Records.OfType<CheckpointLogRecord>().Any() ? new[] { own, again, again } : [again])
            {
                var unique = entry with { AppendId = $"{entry.AppendId}/{position}" };
                await _store.AppendAsync("log", position++, unique, CancellationToken.None);
            }
        }

        var bench = new RunBench(graph, _store);
        var history = await bench.Reader.ReadHistoryAsync(bench.Thread, null, 1000, CancellationToken.None);

        Assert.Equal([2, 1, 0, -1], history.Select(point => point.Checkpoint.Step));
    }

    /// <summary>Appends the newest checkpoint once more, as a base that other namespaces made due.</summary>
    private async Task RepeatAsync()
    {
        var line = await _store.ReadLineAsync("log", null, CancellationToken.None);
        var view = LogView.Of(line);
        var graph = TurnsGraph.Compile(state => state);
        var (newest, root) = (line[^1], view.Root!);
        var repeated = new CheckpointLogRecord
        {
            Checkpoint = graph.ToFullRecord(graph.Load("", root.Line)),
            RunId = root.RunId,
            At = root.At,
        };
        await _store.AppendAsync(
            "log",
            view.NextPosition,
            newest.Entry with { AppendId = $"again/1/{view.NextPosition}", IsBase = true, Records = [view.Claim!, repeated, view.End!] },
            CancellationToken.None);
    }
}
