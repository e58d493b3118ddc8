using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What every list of runs and threads promises.</summary>
public abstract partial class RunSearchContract(IStorageBench bench)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _graph = $"graph-{Guid.CreateVersion7()}";
    private readonly string _thread = $"thread-{Guid.CreateVersion7()}";
    private readonly IRunLists _lists = Searching.ListsOf(bench.Search);

    [Fact]
    public async Task SearchRunsAsync_EveryFilter_FindsWhatFits()
    {
        var old = await AdmittedAsync("a", """{"team":"red","n":1}""");
        bench.Advance(TimeSpan.FromSeconds(1));
        var begun = await AdmittedAsync("b", """{"team":"blue","n":1.0,"tags":["x",{"b":2,"a":1}]}""");
        await bench.Catalog.BeginAsync(begun.RunId, 1, "silo-1", None);
        bench.Advance(TimeSpan.FromSeconds(1));
        var ended = await AdmittedAsync("c", null);
        await bench.Catalog.BeginAsync(ended.RunId, 1, "silo-1", None);
        await bench.Catalog.EndAsync(new RunEnd { RunId = ended.RunId, Attempt = 1, Status = RunStatus.Success }, None);
        var all = new RunSearch { Graph = _graph };

        Assert.Equal([ended.RunId, begun.RunId, old.RunId], await RunsAsync(all));
        Assert.Equal([old.RunId, begun.RunId, ended.RunId], await RunsAsync(all with { Order = SearchOrder.OldestFirst }));
        Assert.Equal([begun.RunId], await RunsAsync(all with { Statuses = [RunStatus.Running] }));
        Assert.Equal([ended.RunId, old.RunId], await RunsAsync(all with { Statuses = [RunStatus.Success, RunStatus.Pending] }));
        Assert.Equal([old.RunId], await RunsAsync(all with { ThreadId = old.ThreadId }));
        Assert.Equal([ended.RunId, begun.RunId], await RunsAsync(all with { CreatedFrom = begun.CreatedAt }));
        Assert.Equal([old.RunId], await RunsAsync(all with { CreatedTo = begun.CreatedAt }));
        Assert.Equal([old.RunId], await RunsAsync(all with { CreatedTo = begun.CreatedAt.ToOffset(TimeSpan.FromHours(5)) }));
        Assert.Equal([begun.RunId, old.RunId], await RunsAsync(all with { Metadata = """{"n":1}""" }));
        Assert.Equal([begun.RunId], await RunsAsync(all with { Metadata = """{"tags":["x",{"a":1,"b":2.0}]}""" }));
        Assert.Empty(await RunsAsync(all with { Metadata = """{"tags":["x"]}""" }));
        Assert.Equal(3, (await RunsAsync(all with { Metadata = "{}" })).Length);
        Assert.Empty(await RunsAsync(new RunSearch { Graph = $"{_graph}-none" }));
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":1e0}""", true)]
    [InlineData("""{"a":100}""", """{"a":1.0E+2}""", true)]
    [InlineData("""{"a":-0.0}""", """{"a":0}""", true)]
    [InlineData("""{"a":0.001}""", """{"a":1e-3}""", true)]
    [InlineData("""{"a":12345678901234567890.5}""", """{"a":12345678901234567890.6}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    [InlineData("""{"a":true}""", """{"a":"true"}""", false)]
    [InlineData("""{"a":null}""", """{"a":null}""", true)]
    [InlineData("""{"b":1}""", """{"a":null}""", false)]
    [InlineData("""{"a":{"b":1,"c":2}}""", """{"a":{"b":1}}""", false)]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", false)]
    [InlineData("""{"a":"\u0041\n\"é"}""", """{"a":"A\n\u0022\u00e9"}""", true)]
    [InlineData("""{"x":"\n\"a\":1\n"}""", """{"a":1}""", false)]
    [InlineData("""{"$.\"k":1,"a b":2}""", """{"$.\"k":1}""", true)]
    [InlineData("""{"a":1,"a":2}""", """{"a":2}""", true)]
    [InlineData("""{"A":1}""", """{"a":1}""", false)]
    public async Task SearchRunsAsync_Metadata_ComparesJsonValues(string metadata, string filter, bool fits)
    {
        var run = await AdmittedAsync("a", metadata);

        var found = await RunsAsync(new RunSearch { Graph = _graph, Metadata = filter });

        Assert.Equal(fits ? [run.RunId] : [], found);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    [InlineData(-1)]
    public async Task SearchAsync_LimitOutOfRange_IsRefused(int limit)
    {
        await Assert.ThrowsAsync<InvalidSearchException>(() => _lists.SearchRunsAsync(new RunSearch { Limit = limit }, None));
        await Assert.ThrowsAsync<InvalidSearchException>(() => _lists.SearchThreadsAsync(new ThreadSearch { Limit = limit }, None));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("""{"a":"\u0000"}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":1e400}""")]
    public async Task SearchAsync_MetadataThatIsNone_IsRefused(string metadata)
    {
        await Assert.ThrowsAsync<InvalidSearchException>(() => _lists.SearchRunsAsync(new RunSearch { Metadata = metadata }, None));
        await Assert.ThrowsAsync<InvalidSearchException>(() => _lists.SearchThreadsAsync(new ThreadSearch { Metadata = metadata }, None));
        Assert.Throws<InvalidRunRequestException>(() => Searching.Stored(metadata));
    }

    [Fact]
    public async Task SearchAsync_UnknownStatus_IsRefused()
    {
        await Assert.ThrowsAsync<InvalidSearchException>(
            () => _lists.SearchRunsAsync(new RunSearch { Statuses = [(RunStatus)99] }, None));
        await Assert.ThrowsAsync<InvalidSearchException>(
            () => _lists.SearchThreadsAsync(new ThreadSearch { Statuses = [(ThreadStatus)99] }, None));
    }

    [Fact]
    public async Task SearchAsync_CursorThatIsNoneOrOfAnotherSearch_IsRefused()
    {
        await AdmittedAsync("a", null);
        await AdmittedAsync("b", null);
        var search = new RunSearch { Graph = _graph, Limit = 1 };
        var cursor = (await _lists.SearchRunsAsync(search, None)).Next!;

        Assert.Single((await _lists.SearchRunsAsync(search with { Cursor = cursor, Limit = 7 }, None)).Runs);
        foreach (var bad in new[] { "x", "", "!!", cursor[..^3], "WyIyIl0", "bnVsbA", cursor + "A" })
        {
            await Assert.ThrowsAsync<InvalidSearchException>(() => _lists.SearchRunsAsync(search with { Cursor = bad }, None));
        }

        foreach (var other in new[]
        {
            search with { Order = SearchOrder.OldestFirst },
            search with { Graph = null },
            search with { Metadata = """{"a":1}""" },
            search with { Statuses = [RunStatus.Pending] },
        })
        {
            var exception = await Assert.ThrowsAsync<InvalidSearchException>(
                () => _lists.SearchRunsAsync(other with { Cursor = cursor }, None));
            Assert.Contains("another search", exception.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<InvalidSearchException>(
            () => _lists.SearchThreadsAsync(new ThreadSearch { Graph = _graph, Limit = 1, Cursor = cursor }, None));
    }

    [Theory]
    [InlineData(SearchOrder.NewestFirst)]
    [InlineData(SearchOrder.OldestFirst)]
    public async Task SearchRunsAsync_TimesOfEveryPrecision_AreWalkedInTheirOrder(SearchOrder order)
    {
        var steps = new[] { 0L, 0, 1, 9, 90, 900, 9_000, 90_000, 900_000, 1_000_000, 8_000_000, 10_000_000, 5, 10_000_000 };
        var admitted = new List<(DateTimeOffset, string)>();
        foreach (var step in steps)
        {
            // Whole microseconds, which is what every dialect keeps.
            bench.Advance(TimeSpan.FromTicks(step * 10));
            var run = await AdmittedAsync($"t{admitted.Count}", null);
            admitted.Add((run.CreatedAt, run.RunId));
        }

        var walked = await RunsAsync(new RunSearch { Graph = _graph, Order = order, Limit = 2 });

        var expected = admitted.Order().Select(one => one.Item2);
        Assert.Equal(order == SearchOrder.OldestFirst ? expected : expected.Reverse(), walked);
    }

    [Fact]
    public async Task SearchRunsAsync_RolledBackRun_IsNotListed()
    {
        var run = await AdmittedAsync("a", null);
        await bench.Catalog.BeginAsync(run.RunId, 1, "silo-1", None);
        await bench.Catalog.RequestCancelAsync(run.RunId, CancelAction.Rollback, None);
        await bench.Catalog.EndAsync(
            new RunEnd { RunId = run.RunId, Attempt = 1, Status = RunStatus.Interrupted, RolledBack = true }, None);

        Assert.Empty(await RunsAsync(new RunSearch { Graph = _graph }));
    }

    [Fact]
    public async Task ReplaceMetadataAsync_KnownOrNot_IsACompareAndSet()
    {
        var run = await AdmittedAsync("a", null);
        var red = Searching.Stored("""{"team":"red"}""");

        Assert.Equal("{}", await bench.Search.FindMetadataAsync(run.ThreadId, None));
        Assert.True(await bench.Search.ReplaceMetadataAsync(run.ThreadId, "{}", red, None));
        Assert.False(await bench.Search.ReplaceMetadataAsync(run.ThreadId, "{}", red, None));
        Assert.False(await bench.Search.ReplaceMetadataAsync($"{_thread}-none", "{}", red, None));

        Assert.Null(await bench.Search.FindMetadataAsync($"{_thread}-none", None));
        var found = await ThreadsAsync(new ThreadSearch { Graph = _graph, Metadata = """{"team":"red"}""" });
        Assert.Equal((run.ThreadId, """{"team":"red"}"""), (Assert.Single(found).ThreadId, found[0].Metadata));
        Assert.Empty(await ThreadsAsync(new ThreadSearch { Graph = _graph, Metadata = """{"team":"blue"}""" }));
    }

    private async Task<string[]> RunsAsync(RunSearch search)
    {
        var found = new List<string>();
        for (var next = search; next is not null;)
        {
            var page = await _lists.SearchRunsAsync(next, None);
            found.AddRange(page.Runs.Select(run => run.RunId));
            next = page.Next is null ? null : search with { Cursor = page.Next };
        }

        return [.. found];
    }

    private async Task<ImmutableArray<ThreadSummary>> ThreadsAsync(ThreadSearch search)
    {
        var found = ImmutableArray.CreateBuilder<ThreadSummary>();
        for (var next = search; next is not null;)
        {
            var page = await _lists.SearchThreadsAsync(next, None);
            found.AddRange(page.Threads);
            next = page.Next is null ? null : search with { Cursor = page.Next };
        }

        return found.ToImmutable();
    }

    private async Task<RunRow> AdmittedAsync(string thread, string? metadata) => (await bench.Catalog.AdmitAsync(
        new NewRun(Guid.CreateVersion7().ToString(), $"{_thread}-{thread}", _graph, "f1", "{}")
        {
            Metadata = Searching.Stored(metadata),
        },
        None)).Run!;
}
