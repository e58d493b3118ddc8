using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A request that does not fit is told to its caller, across the call, and leaves nothing behind.</summary>
public sealed class BadRequestTests
{
    public static TheoryData<string, string?> BadInputs => new()
    {
        { "{", null },
        { """{"count": "many"}""", "$.count" },
        { """{"count": null}""", "$.count" },
        { """{"counts": 1}""", "$.counts" },
        { "[1]", null },
        { """{"name": "\ud800"}""", null },
    };

    [Theory]
    [MemberData(nameof(BadInputs))]
    public async Task StartRunAsync_InputDoesNotFit_IsRefusedWithItsPath(string input, string? path)
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);

        var exception = await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated, input: input));

        if (path is not null)
        {
            Assert.Equal(path, exception.Path);
        }
    }

    [Fact]
    public async Task StartRunAsync_UnknownGraph_NamesThoseThereAre()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);

        var exception = await AssertRefusedAsync<GraphNotFoundException>(
            cluster, thread, ThreadGrainTests.Request("no-such-graph", input: "{}"));

        Assert.Contains("no-such-graph", exception.Message, StringComparison.Ordinal);
        Assert.Contains(SampleGraphs.AskTwice, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartRunAsync_AdmissionOutOfRange_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);
        var request = ThreadGrainTests.Request(SampleGraphs.Gated, input: "{}");

        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, request with { IdempotencyKey = "" });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, request with { IdempotencyKey = new string('k', 201) });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, request with { Timeout = TimeSpan.Zero });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, request with { Timeout = TimeSpan.FromDays(31) });
        var strategy = await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, request with { Strategy = (MultitaskStrategy)17 });

        Assert.Contains("enqueue", strategy.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartRunAsync_InputOverTheLimit_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync(options =>
            options.Configure = runs => runs.Configure<RunsOptions>(o => o.MaxInputBytes = 100));
        var thread = await IdleThreadAsync(cluster);
        var input = $$"""{"name": "{{new string('x', 200)}}"}""";

        var exception = await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated, input: input));

        Assert.Contains("OrleansRuns:Runs:MaxInputBytes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartRunAsync_AnswerAndCheckpoint_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);
        var checkpoint = (await thread.GetStateAsync()).CheckpointId;

        var exception = await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated, resume: "1") with { CheckpointId = checkpoint });

        Assert.Contains("both an answer and a checkpoint", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartRunAsync_AnswerToNoQuestion_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);

        await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated, resume: "\"yes\""));
        await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, cluster.Runs.Thread(), ThreadGrainTests.Request(SampleGraphs.Gated, resume: "\"yes\""));
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\udc00\": 1}")]
    [InlineData("[[\"\\ud83d\\u0020\"]]")]
    public async Task StartRunAsync_AnswerWithHalfOfASurrogatePair_IsRefused(string answer)
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        await (await thread.StartAsync(SampleGraphs.AskTwice, new { })).WaitAsync().WithinAsync("the run to ask");

        var exception = await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.AskTwice, resume: answer));

        Assert.Contains("half of a surrogate pair", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartRunAsync_NothingPlanned_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);

        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated));
        await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, cluster.Runs.Thread(), ThreadGrainTests.Request(SampleGraphs.Gated));
    }

    [Fact]
    public async Task StartRunAsync_AnswerOfTheWrongType_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync().WithinAsync("the question");

        await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.Ask, resume: "17"));
    }

    [Fact]
    public async Task StartRunAsync_AnswerForAnotherGraph_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync().WithinAsync("the question");

        await AssertRefusedAsync<InvalidRunRequestException>(
            cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated, resume: "\"yes\""));
    }

    [Fact]
    public async Task StartRunAsync_UnknownCheckpoint_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);

        foreach (var checkpointId in new[] { "nonsense", Guid.CreateVersion7().ToString() })
        {
            await AssertRefusedAsync<CheckpointNotFoundException>(
                cluster, thread, ThreadGrainTests.Request(SampleGraphs.Gated, input: "{}") with { CheckpointId = checkpointId });
            await Assert.ThrowsAsync<CheckpointNotFoundException>(() => thread.GetStateAsync(checkpointId));
            await Assert.ThrowsAsync<CheckpointNotFoundException>(() => thread.GetHistoryAsync(checkpointId));
            await Assert.ThrowsAsync<CheckpointNotFoundException>(() => thread.ForkAsync(checkpointId));
        }
    }

    [Fact]
    public async Task StartRunAsync_RequestContradictsItself_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);
        var good = ThreadGrainTests.Request(SampleGraphs.Gated, input: "{}");

        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { Resume = "1" });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { RecursionLimit = 0 });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { Context = "{" });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { Context = """{"\ud800": 1}""" });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { InterruptAfter = ["nobody"] });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { RunId = "1" });
        await AssertRefusedAsync<InvalidRunRequestException>(cluster, thread, good with { RunId = Guid.NewGuid().ToString() });
        await Assert.ThrowsAsync<InvalidRunRequestException>(
            () => cluster.Grains.GetGrain<IThreadGrain>("a thread").StartRunAsync(good));
        Assert.Throws<ArgumentException>("threadId", () => cluster.Runs.Thread("a thread"));
    }

    [Theory]
    [InlineData("""{"counts": 1}""", null)]
    [InlineData("{", null)]
    [InlineData("""{"count": 1}""", "nobody")]
    [InlineData("""{"count": 1}""", null, "1")]
    [InlineData("""{"done": [null]}""", null)]
    public async Task UpdateStateAsync_EditDoesNotFit_IsRefused(string values, string? asNode, string? editId = null)
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = await IdleThreadAsync(cluster);
        var before = await cluster.DumpAsync(thread.Id);

        await Assert.ThrowsAsync<InvalidRunRequestException>(
            () => thread.UpdateStateAsync(new() { Values = values, AsNode = asNode, EditId = editId }));

        Assert.Equal(before, await cluster.DumpAsync(thread.Id));
    }

    [Theory]
    [InlineData(nameof(ThreadLogOptions.MaxEntryBytes))]
    [InlineData(nameof(ThreadLogOptions.MaxStateBytes))]
    public async Task UpdateStateAsync_EditThatNoEntryTakes_IsRefusedAndTheThreadGoesOn(string limit)
    {
        await using var cluster = await RunCluster.StartAsync(options => options.ConfigureSilo = silo =>
            silo.Configure<ThreadLogOptions>(log => typeof(ThreadLogOptions).GetProperty(limit)!.SetValue(log, 8192)));
        var thread = await IdleThreadAsync(cluster);
        var before = (await thread.GetStateAsync())!;
        await thread.UpdateStateAsync(new() { Values = """{"count": 7}""" });

        // An edit of an older checkpoint is stored with the whole state.
        var refused = await Assert.ThrowsAsync<InvalidRunRequestException>(() => thread.UpdateStateAsync(
            new() { Values = JsonSerializer.Serialize(new { name = new string('x', 9000) }), CheckpointId = before.CheckpointId }));

        Assert.Contains(limit, refused.Message, StringComparison.Ordinal);
        Assert.Contains("\"count\":7", (await thread.GetStateAsync())!.Values, StringComparison.Ordinal);
        await thread.UpdateStateAsync(new() { Values = """{"count": 8}""" });
    }

    private static async Task<RunThread> IdleThreadAsync(RunCluster cluster)
    {
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        return blocked.Thread;
    }

    private static async Task<TException> AssertRefusedAsync<TException>(
        RunCluster cluster, RunThread thread, StartRunRequest request)
        where TException : Exception
    {
        var before = await cluster.DumpAsync(thread.Id);

        var exception = await Assert.ThrowsAsync<TException>(() => thread.StartAsync(request));

        Assert.Equal(before, await cluster.DumpAsync(thread.Id));
        Assert.Null(await cluster.Catalog.FindRunAsync(request.RunId, CancellationToken.None));
        return exception;
    }
}
