using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a caller does with a thread. Whatever a single access of the database does, the same comes out of it.</summary>
/// <param name="Play">Does it, and waits for the ends that a caller would wait for.</param>
internal sealed record FaultScenario(Func<RunCluster, RunThread, Task> Play)
{
    internal static IReadOnlyDictionary<string, FaultScenario> All { get; } = new Dictionary<string, FaultScenario>
    {
        ["three supersteps"] = new(async (cluster, thread) =>
        {
            cluster.Gates.Of(thread.Id).Open();
            await (await thread.StartAsync(SampleGraphs.Gated, new { })).WaitAsync();
        }),
        ["two questions at once"] = new(async (_, thread) =>
        {
            await (await thread.StartAsync(SampleGraphs.AskTwice, new { })).WaitAsync();
            var answers = (await thread.GetStateAsync()).Interrupts.ToDictionary(one => one.Id, one => $"{one.Node} Ada");
            await (await thread.ResumeAsync(SampleGraphs.AskTwice, answers)).WaitAsync();
        }),
        ["a question and its answer"] = new(async (_, thread) =>
        {
            await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync();
            await (await thread.ResumeAsync(SampleGraphs.Ask, "Ada")).WaitAsync();
        }),
        ["a cancel"] = new((cluster, thread) => CancelAsync(cluster, thread, CancelAction.Interrupt)),
        ["a cancel that rolls back"] = new((cluster, thread) => CancelAsync(cluster, thread, CancelAction.Rollback)),
        ["a queue"] = new(async (cluster, thread) =>
        {
            var first = await StartGatedAsync(cluster, thread);
            var second = await thread.StartAsync(SampleGraphs.Gated, new { }, MultitaskStrategy.Enqueue);
            cluster.Gates.Of(thread.Id).Open();
            await first.WaitAsync();
            await second.WaitAsync();
        }),
        ["a start that takes the thread over"] = new((cluster, thread) => TakeOverAsync(cluster, thread, MultitaskStrategy.Interrupt)),
        ["a start that rolls another back"] = new((cluster, thread) => TakeOverAsync(cluster, thread, MultitaskStrategy.Rollback)),
        ["a start with a key, twice"] = new(async (_, thread) =>
        {
            for (var time = 0; time < 2; time++)
            {
                var request = new StartRunRequest { RunId = NewId(), Graph = SampleGraphs.Ask, Input = "{}", IdempotencyKey = thread.Id };
                await (await thread.StartAsync(request)).WaitAsync();
            }
        }),
        ["an edit"] = new(async (_, thread) =>
        {
            await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync();
            await thread.UpdateStateAsync(new() { Values = """{"done":["edited"]}""", AsNode = "ask" });
            await (await thread.StartAsync(new StartRunRequest { RunId = NewId(), Graph = SampleGraphs.Ask })).WaitAsync();
        }),
        ["a fork"] = new(async (_, thread) =>
        {
            await (await thread.StartAsync(SampleGraphs.Ask, new { })).WaitAsync();
            await (await thread.ResumeAsync(SampleGraphs.Ask, "Ada")).WaitAsync();
            await thread.ForkAsync((await thread.GetHistoryAsync())[^1].CheckpointId!);
            await (await thread.StartAsync(new StartRunRequest { RunId = NewId(), Graph = SampleGraphs.Ask })).WaitAsync();
        }),
        ["a run that takes too long"] = new(async (cluster, thread) =>
        {
            // Its first node never ends, and its time is over when the node has begun.
            var request = new StartRunRequest { RunId = NewId(), Graph = SampleGraphs.Chatty, Input = "{}", Timeout = SkippedTime.Limit };
            var run = await thread.StartAsync(request);
            await cluster.Gates.Of(thread.Id).ReachedAsync();
            using var skipping = ((SkippedTime)cluster.Services.GetRequiredService<TimeProvider>()).Skip();
            await run.WaitAsync();
        }),
    };

    private static string NewId() => Guid.CreateVersion7().ToString();

    private static async Task TakeOverAsync(RunCluster cluster, RunThread thread, MultitaskStrategy strategy)
    {
        var first = await StartGatedAsync(cluster, thread);
        var second = await thread.StartAsync(SampleGraphs.Gated, new { }, strategy);
        await first.WaitAsync();
        cluster.Gates.Of(thread.Id).Open();
        await second.WaitAsync();
    }

    private static async Task CancelAsync(RunCluster cluster, RunThread thread, CancelAction action)
    {
        var run = await StartGatedAsync(cluster, thread);
        await run.CancelAndWaitAsync(action);
    }

    private static async Task<RunHandle> StartGatedAsync(RunCluster cluster, RunThread thread)
    {
        var run = await thread.StartAsync(SampleGraphs.Gated, new { });
        await cluster.Gates.Of(thread.Id).ReachedAsync();
        return run;
    }
}
