using System.Collections.Concurrent;
using System.Threading.Channels;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Walks and statuses under writes.</summary>
public abstract partial class RunSearchContract
{
    private const int Writers = 3;
    private int _turn;

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

        // One write for each page and writer, so that a catalog that is fast does not fill itself up.
        var turns = Channel.CreateUnbounded<int>();
        var writes = 0;
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            await foreach (var turn in turns.Reader.ReadAllAsync())
            {
                bench.Advance(TimeSpan.FromMilliseconds(1));
                if (moving.TryDequeue(out var run))
                {
                    await bench.Catalog.BeginAsync(run.RunId, 1, "silo-1", None);
                    await bench.Catalog.EndAsync(new RunEnd { RunId = run.RunId, Attempt = 1, Status = RunStatus.Success }, None);
                }

                moving.Enqueue(await AdmittedAsync($"w{writer}-{turn}", null));
                Interlocked.Increment(ref writes);
            }
        })).ToList();
        for (var walk = 0; walk < 10 || (Volatile.Read(ref writes) <= 10 && walk < 100_000); walk++)
        {
            // Only as far as the first rows go, so that the walk does not follow the writers for ever.
            var last = order == SearchOrder.OldestFirst ? stable[^1] : stable[0];
            var seen = await WalkUntilAsync(last, order, turns.Writer);

            Assert.Equal(seen.Count, seen.Distinct().Count());
            Assert.Empty(stable.Except(seen));
        }

        turns.Writer.Complete();
        await Task.WhenAll(writers);
        Assert.True(writes > 10, $"Only {writes} writes came between the walks.");
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

    private async Task<List<string>> WalkUntilAsync(string last, SearchOrder order, ChannelWriter<int> turns)
    {
        var search = new RunSearch { Graph = _graph, Statuses = [RunStatus.Pending], Limit = 7, Order = order };
        var seen = new List<string>();
        for (var next = search; next is not null && !seen.Contains(last);)
        {
            var page = await _lists.SearchRunsAsync(next, None);
            seen.AddRange(page.Runs.Select(run => run.RunId));
            next = page.Next is null ? null : search with { Cursor = page.Next };
            for (var writer = 0; writer < Writers; writer++)
            {
                Assert.True(turns.TryWrite(_turn++));
            }
        }

        return seen;
    }
}
