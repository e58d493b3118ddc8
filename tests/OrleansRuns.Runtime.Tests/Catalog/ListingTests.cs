using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Lists as a client of a cluster sees them.</summary>
public sealed class ListingTests(ITestOutputHelper output)
{
    private const int Failing = 10;
    private const int MostRounds = 200;

    [Fact]
    public async Task SearchRunsAsync_StartJustReturned_ListsTheRun()
    {
        await using var cluster = await RunCluster.StartAsync();
        for (var index = 0; index < 20; index++)
        {
            var run = await cluster.Runs.Thread().StartAsync(Request(SampleGraphs.Gated) with { Metadata = $$"""{"index": {{index}}}""" });

            var page = await cluster.Runs.GetRunPageAsync(new RunSearch { Metadata = $$"""{"index":{{index}}}""" });

            var listed = Assert.Single(page.Runs);
            Assert.Equal((run.Id, $$"""{"index":{{index}}}"""), (listed.RunId, listed.Metadata));
            Assert.Equal(listed.Metadata, (await run.GetAsync()).Metadata);
        }
    }

    [Fact]
    public async Task SearchAsync_NothingToSearchBy_IsRefused()
    {
        await using var cluster = await RunCluster.StartAsync();

        Assert.Throws<ArgumentNullException>(() => cluster.Runs.SearchRunsAsync(null!));
        Assert.Throws<ArgumentNullException>(() => cluster.Runs.SearchThreadsAsync(null!));
    }

    [Fact]
    public async Task SearchRunsAsync_ManyRunsEndMeanwhile_TellsWhatTheirGrainsTell()
    {
        await using var cluster = await RunCluster.StartAsync();
        var started = new List<RunHandle>();
        for (var index = 0; index < 30; index++)
        {
            started.Add(await cluster.Runs.Thread().StartAsync(Request(index % 3 == 0 ? SampleGraphs.Failing : SampleGraphs.Gated)));
        }

        var (changes, final) = (0, 0);
        var seen = new Dictionary<string, RunStatus>();
        for (var round = 0; round == 0 || seen.Values.Any(status => status is RunStatus.Pending or RunStatus.Running); round++)
        {
            Assert.True(round < MostRounds, $"Not all runs have ended after {round} rounds: {string.Join(", ", seen)}.");
            // Grain, list, grain: what is between two equal answers of the grain has to be the same.
            foreach (var run in started)
            {
                var before = await run.GetAsync();
                var listed = (await cluster.Runs.GetRunPageAsync(new RunSearch { ThreadId = before.ThreadId })).Runs.Single();
                var after = await run.GetAsync();
                Assert.True(
                    before.Status != after.Status || listed.Status == before.Status,
                    $"Run '{run.Id}' was listed as {listed.Status} between two answers {before.Status} of its grain.");
                Assert.True(!before.IsFinal || listed == before, $"Run '{run.Id}' was listed as {listed}, which ended as {before}.");
                changes += seen.TryGetValue(run.Id, out var known) && known != listed.Status ? 1 : 0;
                seen[run.Id] = listed.Status;
            }

            final = await cluster.Runs.SearchRunsAsync(
                new RunSearch { Statuses = [RunStatus.Success, RunStatus.Error], Limit = 7 }).CountAsync();
            // Not before each was seen while it could not have succeeded.
            cluster.Gates.OpenAll();
        }

        output.WriteLine($"{changes} changes of status seen.");
        Assert.True(changes >= started.Count - Failing, $"{changes} changes of status were seen.");
        Assert.Equal(started.Count, final);
        Assert.Equal(Failing, await cluster.Runs.SearchRunsAsync(new RunSearch { Statuses = [RunStatus.Error], Limit = 3 }).CountAsync());
        var failed = new ThreadSearch { Statuses = [ThreadStatus.Error], Limit = 3 };
        Assert.Equal(Failing, await cluster.Runs.SearchThreadsAsync(failed).CountAsync());
    }

    [Fact]
    public async Task SearchThreadsAsync_RandomRunsAnswersEditsAndForks_TellsTheThreadsOwnStatus()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        await using var cluster = await RunCluster.StartAsync();
        var hits = new Dictionary<ThreadStatus, int>();
        for (var round = 0; round < 12; round++)
        {
            var thread = cluster.Runs.Thread();
            var graph = (round % 3) switch { 0 => SampleGraphs.Failing, 1 => SampleGraphs.AskTwice, _ => SampleGraphs.Ask };
            for (var step = 0; step < 8; step++)
            {
                var told = await StepAsync(thread, graph, step, random);

                var own = (await thread.GetStateAsync()).Status!.Value;
                var listed = await FindAsync(cluster, thread.Id);
                Assert.True(
                    own == listed, $"Seed {seed}, round {round}, step {step}: {listed} is listed, not {own}, after {told} of '{graph}'.");
                hits[own] = hits.GetValueOrDefault(own) + 1;
            }
        }

        var expected = new[] { ThreadStatus.Idle, ThreadStatus.Interrupted, ThreadStatus.Error };
        Assert.All(expected, status => Assert.True(hits.ContainsKey(status), $"Seed {seed}: never {status}."));
    }

    [Fact]
    public async Task SearchThreadsAsync_RunStoppedByItsRequestOrRolledBack_TellsTheThreadsOwnStatus()
    {
        await using var cluster = await RunCluster.StartAsync();
        var asked = cluster.Runs.Thread();
        await EndedAsync(await asked.StartAsync(Request(SampleGraphs.AskThenGated)));
        Assert.Equal((ThreadStatus.Interrupted, ThreadStatus.Interrupted), await BothAsync(cluster, asked));

        var answer = await asked.ResumeAsync(SampleGraphs.AskThenGated, "Ada");
        await cluster.Gates.Of(asked.Id).ReachedAsync();
        Assert.Equal((ThreadStatus.Busy, ThreadStatus.Busy), await BothAsync(cluster, asked));
        await answer.CancelAndWaitAsync(CancelAction.Rollback);
        Assert.Equal((ThreadStatus.Interrupted, ThreadStatus.Interrupted), await BothAsync(cluster, asked));

        var stopped = cluster.Runs.Thread();
        await EndedAsync(await stopped.StartAsync(Request(SampleGraphs.Gated) with { InterruptBefore = ["gated"] }));
        Assert.Equal((ThreadStatus.Interrupted, ThreadStatus.Interrupted), await BothAsync(cluster, stopped));
        var states = await stopped.GetHistoryAsync();
        await stopped.ForkAsync(states[^1].CheckpointId!);
        Assert.Equal((ThreadStatus.Idle, ThreadStatus.Idle), await BothAsync(cluster, stopped));
    }

    [Fact]
    public async Task UpdateMetadataAsync_MembersAndNulls_AreMerged()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        await Assert.ThrowsAsync<ThreadNotFoundException>(() => thread.UpdateMetadataAsync("""{"team":"red"}"""));
        var run = await thread.StartAsync(Request(SampleGraphs.Gated));

        Assert.Equal("""{"n":{"a":1},"team":"red"}""", await thread.UpdateMetadataAsync("""{"team":"red","n":{"a":1}}"""));
        Assert.Equal("""{"n":2,"x":true}""", await thread.UpdateMetadataAsync("""{"team":null,"n":2,"x":true,"gone":null}"""));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(index => thread.UpdateMetadataAsync($$"""{"k{{index}}":{{index}}}""")));

        var listed = await cluster.Runs.SearchThreadsAsync(new ThreadSearch { Metadata = """{"k0":0,"k9":9,"n":2}""" }).SingleAsync();
        Assert.Equal(12, JsonDocument.Parse(listed.Metadata).RootElement.EnumerateObject().Count());
        Assert.Equal(ThreadStatus.Busy, listed.Status);
        foreach (var bad in new[] { "[]", "7", "{", $$"""{"big":"{{new string('x', 65_536)}}"}""" })
        {
            await Assert.ThrowsAsync<InvalidRunRequestException>(() => thread.UpdateMetadataAsync(bad));
            await Assert.ThrowsAsync<InvalidRunRequestException>(
                () => cluster.Runs.Thread().StartAsync(Request(SampleGraphs.Gated) with { Metadata = bad }));
        }

        await run.CancelAndWaitAsync();
    }

    [Fact]
    public async Task SearchAsync_BadSearchFromAClient_IsATypedError()
    {
        await using var cluster = await RunCluster.StartAsync();

        await Assert.ThrowsAsync<InvalidSearchException>(() => cluster.Runs.GetRunPageAsync(new RunSearch { Limit = 0 }));
        await Assert.ThrowsAsync<InvalidSearchException>(() => cluster.Runs.GetRunPageAsync(new RunSearch { Cursor = "x" }));
        await Assert.ThrowsAsync<InvalidSearchException>(() => cluster.Runs.GetThreadPageAsync(new ThreadSearch { Metadata = "[]" }));
        await Assert.ThrowsAsync<InvalidSearchException>(
            async () => await cluster.Runs.SearchThreadsAsync(new ThreadSearch { Statuses = [(ThreadStatus)9] }).CountAsync());
    }

    [Fact]
    public async Task StartRunAsync_SameRunWithOtherMetadata_IsAConflict()
    {
        await using var cluster = await RunCluster.StartAsync();
        var thread = cluster.Runs.Thread();
        var request = Request(SampleGraphs.Ask) with { Metadata = """{"a":1,"b":2}""" };
        var run = await thread.StartAsync(request);

        Assert.Equal(run.Id, (await thread.StartAsync(request with { Metadata = """{"b":2, "a":1}""" })).Id);
        await Assert.ThrowsAsync<RunConflictException>(() => thread.StartAsync(request with { Metadata = """{"a":1}""" }));
    }

    private static async Task<string> StepAsync(RunThread thread, string graph, int step, Random random)
    {
        var state = step == 0 ? null : await thread.GetStateAsync();
        switch (random.Next(4))
        {
            case 0 when state is { Interrupts.Count: > 0 }:
                var answer = state.Interrupts.Take(random.Next(1, state.Interrupts.Count + 1)).ToDictionary(one => one.Id, _ => "Ada");
                await EndedAsync(await thread.StartAsync(Request(graph) with { Input = null, Resume = JsonSerializer.Serialize(answer) }));
                return "an answer";
            case 1 when state is { CheckpointId: not null }:
                await thread.UpdateStateAsync(new UpdateStateRequest
                {
                    Values = """{"count":3}""",
                    AsNode = graph switch { SampleGraphs.Failing => "fail", SampleGraphs.AskTwice => "left", _ => "ask" },
                });
                return "an edit";
            case 2 when state is { CheckpointId: not null }:
                var states = await thread.GetHistoryAsync();
                await thread.ForkAsync(states[random.Next(states.Count)].CheckpointId!);
                return "a fork";
            default:
                var stops = random.Next(3) == 0 ? new[] { "*" } : [];
                await EndedAsync(await thread.StartAsync(Request(graph) with { InterruptBefore = stops }));
                return $"a run with {stops.Length} stops";
        }
    }

    private static Task<RunSnapshot> EndedAsync(RunHandle run) => run.WaitAsync().WithinAsync($"run '{run.Id}' to end");

    private static async Task<(ThreadStatus?, ThreadStatus)> BothAsync(RunCluster cluster, RunThread thread) =>
        ((await thread.GetStateAsync()).Status, await FindAsync(cluster, thread.Id));

    private static async Task<ThreadStatus> FindAsync(RunCluster cluster, string threadId) =>
        (await cluster.Runs.SearchThreadsAsync(new ThreadSearch()).SingleAsync(thread => thread.ThreadId == threadId)).Status;

    private static StartRunRequest Request(string graph) =>
        new() { RunId = Guid.CreateVersion7().ToString(), Graph = graph, Input = "{}" };
}
