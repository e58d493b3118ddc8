using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class ThreadGrainTests
{
    [Fact]
    public async Task StartRunAsync_SecondRunWhileBusy_IsRejected()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        var exception = await Assert.ThrowsAsync<ThreadBusyException>(
            () => blocked.Thread.StartAsync(SampleGraphs.Gated, new { }));

        Assert.Equal(blocked.Run.Id, exception.RunId);
        Assert.Equal(ThreadStatus.Busy, (await blocked.Thread.GetStateAsync()).Status);
        Assert.Single(await blocked.Thread.GetRunsAsync());
    }

    [Fact]
    public async Task StartRunAsync_SameRequestAgain_GivesTheSameRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var request = Request(SampleGraphs.Gated, input: """{"count": 1}""");
        var first = await thread.StartAsync(request);

        var second = await thread.StartAsync(request);
        cluster.Gates.Of(thread.Id).Open();
        await first.WaitAsync().WithinAsync("the run to end");
        var third = await thread.StartAsync(request);

        Assert.Equal(first.Id, second.Id);
        Assert.Equal(first.Id, third.Id);
        Assert.Single(await thread.GetRunsAsync());
        Assert.Equal(1, cluster.Gates.Of(thread.Id).Arrivals);
    }

    [Fact]
    public async Task StartRunAsync_SameRunIdForAnotherRequest_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var request = Request(SampleGraphs.Gated, input: """{"count": 1}""");
        cluster.Gates.Of(thread.Id).Open();
        await (await thread.StartAsync(request)).WaitAsync().WithinAsync("the run to end");

        await Assert.ThrowsAsync<RunConflictException>(() => thread.StartAsync(request with { Input = """{"count": 2}""" }));
        await Assert.ThrowsAsync<RunConflictException>(() => cluster.Runs.Thread().StartAsync(request));
    }

    [Fact]
    public async Task StartRunAsync_LargestRecursionLimitOnAThreadWithSupersteps_Succeeds()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the first run to end");
        var request = Request(SampleGraphs.Gated, input: "{}") with { RecursionLimit = int.MaxValue };

        var ended = await (await blocked.Thread.StartAsync(request)).WaitAsync().WithinAsync("the second run to end");

        Assert.Equal((RunStatus.Success, null), (ended.Status, ended.Error));
    }

    [Fact]
    public async Task StartRunAsync_NextRun_GoesOnWithTheThreadsState()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the first run to end");

        var next = await blocked.Thread.StartAsync(SampleGraphs.Gated, new { count = 7 });
        var state = await next.ResultAsync<SampleResult>().WithinAsync("the second run to end");

        Assert.Equal(["first", "gated", "last", "first", "gated", "last"], state.Done);
        Assert.Equal(7, state.Count);
    }

    [Fact]
    public async Task ResumeAsync_OneQuestion_TakesTheAnswer()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var asked = await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync().WithinAsync("the question");
        var waiting = await thread.GetStateAsync();

        var answered = await thread.ResumeAsync(SampleGraphs.Ask, "Ada");
        var state = await answered.ResultAsync<SampleResult>().WithinAsync("the answered run to end");

        Assert.Equal(RunStatus.Success, asked.Status);
        Assert.Equal(ThreadStatus.Interrupted, waiting.Status);
        Assert.Equal("\"Who are you?\"", Assert.Single(waiting.Interrupts).Value);
        Assert.Equal("ask", waiting.Interrupts[0].Node);
        Assert.Equal("Ada", state.Name);
        Assert.Equal(["Hello Ada"], state.Done);
        Assert.Equal(ThreadStatus.Idle, (await thread.GetStateAsync()).Status);
    }

    [Fact]
    public async Task ResumeAsync_TwoQuestions_AreAnsweredByTheirIds()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        await (await thread.StartAsync(SampleGraphs.AskTwice, new { })).WaitAsync().WithinAsync("the questions");
        var questions = (await thread.GetStateAsync()).Interrupts.ToDictionary(one => one.Node, one => one.Id);

        await Assert.ThrowsAsync<InvalidRunRequestException>(() => thread.ResumeAsync(SampleGraphs.AskTwice, "both"));
        var answers = new Dictionary<string, string> { [questions["left"]] = "L", [questions["right"]] = "R" };
        var state = await (await thread.ResumeAsync(SampleGraphs.AskTwice, answers)).ResultAsync<SampleResult>()
            .WithinAsync("the answered run to end");

        Assert.Equal(("L", "R"), (state.Name, state.Other));
    }

    [Fact]
    public async Task ResumeAsync_OneOfTwoQuestions_KeepsWaitingForTheOther()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        await (await thread.StartAsync(SampleGraphs.AskTwice, new { })).WaitAsync().WithinAsync("the questions");
        var questions = (await thread.GetStateAsync()).Interrupts.ToDictionary(one => one.Node, one => one.Id);

        var first = new Dictionary<string, string> { [questions["left"]] = "L" };
        await (await thread.ResumeAsync(SampleGraphs.AskTwice, first)).WaitAsync().WithinAsync("the first answer");
        var waiting = await thread.GetStateAsync();
        var state = await (await thread.ResumeAsync(SampleGraphs.AskTwice, "R")).ResultAsync<SampleResult>()
            .WithinAsync("the answered run to end");

        Assert.Equal("right", Assert.Single(waiting.Interrupts).Node);
        Assert.Equal(("L", "R"), (state.Name, state.Other));
    }

    [Fact]
    public async Task StartRunAsync_StaticInterrupt_StopsAndContinues()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        cluster.Gates.Of(thread.Id).Open();
        var stopping = Request(SampleGraphs.Gated, input: "{}") with { InterruptBefore = ["last"] };
        await (await thread.StartAsync(stopping)).WaitAsync().WithinAsync("the run to stop");
        var stopped = await thread.GetStateAsync();

        var going = await thread.StartAsync(Request(SampleGraphs.Gated));
        var state = await going.ResultAsync<SampleResult>().WithinAsync("the continued run to end");

        Assert.Equal((ThreadStatus.Interrupted, "last"), (stopped.Status, Assert.Single(stopped.Next)));
        Assert.Equal(["first", "gated", "last"], state.Done);
    }

    [Fact]
    public async Task GetHistoryAsync_FinishedRun_HasOneCheckpointForTheInputAndEachSuperstep()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");

        var history = await blocked.Thread.GetHistoryAsync();
        var rest = await blocked.Thread.GetHistoryAsync(history[1].CheckpointId, limit: 1);

        Assert.Equal([2, 1, 0, -1], history.Select(state => state.Step));
        Assert.Equal(["loop", "loop", "loop", "input"], history.Select(state => state.Source));
        Assert.Equal(history.Skip(1).Select(state => state.CheckpointId), history.SkipLast(1).Select(state => state.ParentCheckpointId));
        Assert.Equal([[], ["last"], ["gated"], ["first"]], history.Select(state => state.Next));
        Assert.Equal(history[2].CheckpointId, Assert.Single(rest).CheckpointId);
    }

    [Fact]
    public async Task UpdateStateAsync_AsANode_PlansWhatFollowsIt()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");

        var edited = await blocked.Thread.UpdateStateAsync(new() { Values = """{"count": 9}""", AsNode = "gated" });
        var run = await blocked.Thread.StartAsync(Request(SampleGraphs.Gated));
        var state = await run.ResultAsync<SampleResult>().WithinAsync("the continued run to end");

        Assert.Equal("update", edited.Source);
        Assert.Equal(["last"], edited.Next);
        Assert.Equal(9, state.Count);
        Assert.Equal(["first", "gated", "last", "last"], state.Done);
    }

    [Fact]
    public async Task ForkAsync_EarlierCheckpoint_GoesOnFromThere()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var origin = (await blocked.Thread.GetHistoryAsync()).Single(state => state.Step == 0);

        var fork = await blocked.Thread.ForkAsync(origin.CheckpointId!);
        var run = await blocked.Thread.StartAsync(Request(SampleGraphs.Gated));
        var state = await run.ResultAsync<SampleResult>().WithinAsync("the forked run to end");

        Assert.Equal(("fork", origin.CheckpointId), (fork.Source, fork.ParentCheckpointId));
        Assert.Equal(["gated"], fork.Next);
        Assert.Equal(["first", "gated", "last"], state.Done);
        Assert.Equal(2, blocked.Gate.Arrivals);
    }

    [Fact]
    public async Task UpdateStateAsync_RepeatedAfterManyOthers_ChangesNothingMore()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        var edit = new UpdateStateRequest { Values = """{"done":["once"]}""", EditId = Guid.CreateVersion7().ToString() };
        await blocked.Thread.UpdateStateAsync(edit);
        // More than stand between two bases of the log.
        for (var number = 1; number <= 70; number++)
        {
            await blocked.Thread.UpdateStateAsync(new() { Values = $$"""{"count":{{number}}}""" });
        }

        var repeated = await blocked.Thread.UpdateStateAsync(edit);

        using var values = JsonDocument.Parse(repeated.Values!);
        Assert.Single(values.RootElement.GetProperty("done").EnumerateArray(), one => one.GetString() == "once");
        Assert.Equal(70, values.RootElement.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task UpdateStateAsync_WhileBusy_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();
        var blocked = await cluster.StartGatedRunAsync();

        await Assert.ThrowsAsync<ThreadBusyException>(() => blocked.Thread.UpdateStateAsync(new() { Values = "{}" }));
    }

    [Fact]
    public async Task GetStateAsync_UnknownThread_IsNotFound()
    {
        await using var cluster = await RunCluster.StartAsync();

        await Assert.ThrowsAsync<ThreadNotFoundException>(() => cluster.Runs.Thread("nobody").GetStateAsync());
    }

    [Fact]
    public async Task StartRunAsync_ThreadHeldByADeadEdit_FreesIt()
    {
        var editTimeout = TimeSpan.FromSeconds(1);
        await using var cluster = await RunCluster.StartAsync(options =>
            options.Configure = runs => runs.Configure<RunsOptions>(o => o.EditTimeout = editTimeout));
        var thread = cluster.Runs.Thread();
        var taken = TimeProvider.System.GetTimestamp();
        await cluster.Catalog.TakeSlotAsync(thread.Id, SampleGraphs.Failing, "edit-dead", CancellationToken.None);

        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await thread.StartAsync(SampleGraphs.Failing, new { });
                    return true;
                }
                catch (ThreadBusyException)
                {
                    return false;
                }
            },
            $"thread '{thread.Id}' to be free again");

        Assert.True(TimeProvider.System.GetElapsedTime(taken) >= editTimeout, "A run took the thread before the edit had its time.");
        Assert.Single(await thread.GetRunsAsync());
    }

    internal static StartRunRequest Request(string graph, string? input = null, string? resume = null) =>
        new() { RunId = Guid.CreateVersion7().ToString(), Graph = graph, Input = input, Resume = resume };

    internal static string Json<T>(T value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}
