using System.Collections.Concurrent;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Walks and statuses under writes.</summary>
public abstract partial class RunSearchContract
{
    private const int Writers = 3;
    private int _writes;

    [Theory]
    [InlineData(SearchOrder.NewestFirst)]
    [InlineData(SearchOrder.OldestFirst)]
    public async Task SearchRunsAsync_RowsComeAndChangeMeanwhile_TellsEachThatFitsThroughoutOnce(SearchOrder order)
    {
        var stable = new List<string>();
        var moving = new ConcurrentQueue<RunRow>();
        for (var index = 0; index < 60; index++)
        {
            bench.Advance(TimeSpan.FromMilliseconds(index % 3));
            var run = await AdmittedAsync($"s{index}", null);
            if (index % 2 == 0)
            {
                stable.Add(run.RunId);
            }
            else
            {
                moving.Enqueue(run);
            }
        }

        for (var walk = 0; walk < 10; walk++)
        {
            // Only as far as the first rows go, so that the walk does not follow the writers for ever.
            var last = order == SearchOrder.OldestFirst ? stable[^1] : stable[0];
            var seen = await WalkUntilAsync(last, order, moving);

            Assert.Equal(seen.Count, seen.Distinct().Count());
            Assert.Empty(stable.Except(seen));
        }

        Assert.True(_writes > 10, $"Only {_writes} writes came between the walks.");
    }

    [Fact]
    public async Task ListThreadsAsync_RandomRunsAndEdits_TellsTheStatusThatFollows()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var interesting = new Dictionary<ThreadStatus, int>();
        for (var round = 0; round < 12; round++)
        {
            var model = new ThreadModel(bench, $"{_thread}-m{round}", _graph, random);
            for (var step = 0; step < 12; step++)
            {
                var told = await model.StepAsync();

                var listed = (await ThreadsAsync(new ThreadSearch { Graph = _graph })).Single(one => one.ThreadId == model.ThreadId);
                Assert.True(
                    listed.Status == model.Status,
                    $"Seed {seed}, round {round}, step {step}: {listed.Status}, not {model.Status}, after {told}.");
                interesting[listed.Status] = interesting.GetValueOrDefault(listed.Status) + 1;
            }
        }

        Assert.All(Enum.GetValues<ThreadStatus>(), status => Assert.True(interesting.ContainsKey(status), $"Seed {seed}: no {status}."));
        foreach (var status in Enum.GetValues<ThreadStatus>())
        {
            var found = await ThreadsAsync(new ThreadSearch { Graph = _graph, Statuses = [status] });
            Assert.All(found, one => Assert.Equal(status, one.Status));
        }
    }

    /// <summary>Walks while writers write beside each page: as many writes for each, however fast the catalog is.</summary>
    private async Task<List<string>> WalkUntilAsync(string last, SearchOrder order, ConcurrentQueue<RunRow> moving)
    {
        var search = new RunSearch { Graph = _graph, Statuses = [RunStatus.Pending], Limit = 7, Order = order };
        var seen = new List<string>();
        for (var next = search; next is not null && !seen.Contains(last);)
        {
            var writers = Enumerable.Range(0, Writers).Select(_ => Task.Run(() => WriteAsync(moving))).ToList();
            var page = await _lists.SearchRunsAsync(next, None);
            await Task.WhenAll(writers);
            seen.AddRange(page.Runs.Select(run => run.RunId));
            next = page.Next is null ? null : search with { Cursor = page.Next };
        }

        return seen;
    }

    private async Task WriteAsync(ConcurrentQueue<RunRow> moving)
    {
        bench.Advance(TimeSpan.FromMilliseconds(1));
        if (moving.TryDequeue(out var run))
        {
            await bench.Catalog.BeginAsync(run.RunId, 1, "silo-1", None);
            await bench.Catalog.EndAsync(new RunEnd { RunId = run.RunId, Attempt = 1, Status = RunStatus.Success }, None);
        }

        moving.Enqueue(await AdmittedAsync($"w{Interlocked.Increment(ref _writes)}", null));
    }
}
