using System.Text.Json;
using Microsoft.Extensions.Options;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class NodeCacheTests : IDisposable
{
    private readonly NodeRunnerFixture _fixture = new();
    private int _runs;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task RunAsync_SameInput_ReusesTheWrites()
    {
        var graph = Graph(new CachePolicy());

        var first = await _fixture.RunAsync(graph, """{"number":1}""", "1").WithinAsync("the first task");
        var second = await _fixture.RunAsync(graph, """{"number":1}""", "2").WithinAsync("the second task");
        var other = await _fixture.RunAsync(graph, """{"number":2}""", "3").WithinAsync("the third task");

        Assert.Equal((false, true, false), (first.IsCached, second.IsCached, other.IsCached));
        Assert.Equal(first.Writes!.Update!.Value.GetRawText(), second.Writes!.Update!.Value.GetRawText());
        Assert.NotEqual(first.Writes.TaskId, second.Writes.TaskId);
        Assert.Equal(2, _runs);
    }

    [Fact]
    public void Find_MessageThatCameWithoutAnId_IsAnotherOneForAnotherTask()
    {
        var cache = new NodeCache(Options.Create(new RunNodesOptions()), TimeProvider.System);
        var update = JsonSerializer.Deserialize<JsonElement>("""{"talk":[{"id":"one/0","role":"ai"},{"id":"mine","role":"ai"}]}""");
        cache.Keep("key", new TaskWrites { TaskId = "one", Node = "say", Finished = true, Update = update }, timeToLive: null);

        var found = cache.Find("key", "two")!;

        Assert.Equal("two", found.TaskId);
        Assert.Equal(
            ["two/0", "mine"],
            found.Update!.Value.GetProperty("talk").EnumerateArray().Select(message => message.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task RunAsync_KeyOfTheAuthor_DecidesAlone()
    {
        var graph = Graph(CachePolicy.By<NodeState>(state => state.Number % 2 == 0 ? "even" : "odd"));

        foreach (var number in Enumerable.Range(0, 6))
        {
            await _fixture.RunAsync(graph, $$"""{"number":{{number}}}""").WithinAsync($"task {number}");
        }

        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task RunAsync_AfterItsTime_RunsAgain()
    {
        var graph = Graph(new CachePolicy { TimeToLive = TimeSpan.FromMinutes(1) });

        await _fixture.RunAsync(graph).WithinAsync("the first task");
        _fixture.Time.Advance(TimeSpan.FromSeconds(59));
        var within = await _fixture.RunAsync(graph).WithinAsync("the second task");
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        var after = await _fixture.RunAsync(graph).WithinAsync("the third task");

        Assert.True(within.IsCached);
        Assert.False(after.IsCached);
    }

    [Fact]
    public async Task RunAsync_FailedTask_IsNotKept()
    {
        var graph = NodeRunnerFixture.Graph(
            (state, _) => ++_runs == 1 ? throw new ArgumentException("once") : Task.FromResult(state with { Number = 7 }),
            new() { Cache = new() });

        var failed = await _fixture.RunAsync(graph).WithinAsync("the first task");
        var second = await _fixture.RunAsync(graph).WithinAsync("the second task");

        Assert.NotNull(failed.Error);
        Assert.False(second.IsCached);
    }

    [Fact]
    public async Task RunAsync_InterruptedTask_IsNotKept()
    {
        var graph = NodeRunnerFixture.Graph(
            (state, node) =>
            {
                _runs++;
                return Task.FromResult(state with { Number = node.Interrupt<int>("how many?") });
            },
            new() { Cache = new() });

        await _fixture.RunAsync(graph).WithinAsync("the first task");
        var again = await _fixture.RunAsync(graph).WithinAsync("the second task");

        Assert.False(again.IsCached);
        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task RunAsync_AnotherVersionOfTheGraph_RunsAgain()
    {
        await _fixture.RunAsync(Graph(new CachePolicy())).WithinAsync("the first version");
        var changed = NodeRunnerFixture.Graph(
            (state, _) => Task.FromResult(state), new() { Cache = new() }, hasAnother: true);

        var result = await _fixture.RunAsync(changed).WithinAsync("the second version");

        Assert.False(result.IsCached);
    }

    [Fact]
    public async Task RunAsync_NoRoom_ForgetsWhatWasUsedLongestAgo()
    {
        using var small = new NodeRunnerFixture(maxCacheBytes: 500);
        var graph = Graph(new CachePolicy());

        foreach (var number in new[] { 1, 2, 1, 3, 4 })
        {
            await small.RunAsync(graph, $$"""{"number":{{number}}}""").WithinAsync($"number {number}");
        }

        var recent = await small.RunAsync(graph, """{"number":4}""").WithinAsync("the newest number");
        var old = await small.RunAsync(graph, """{"number":2}""").WithinAsync("the oldest number");
        Assert.True(recent.IsCached);
        Assert.False(old.IsCached);
    }

    private CompiledGraph Graph(CachePolicy policy) => NodeRunnerFixture.Graph(
        (state, _) =>
        {
            _runs++;
            return Task.FromResult(state with { Log = state.Log.Append($"run {_runs}") });
        },
        new() { Cache = policy });
}
