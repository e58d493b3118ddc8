using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunResponsivenessTests(ITestOutputHelper output)
{
    private const int BlockedRuns = 64;
    private const int Calls = 2000;
    private const int Callers = 4;
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(LongTests.Loops(few: 0, many: 30));

    [Fact]
    public async Task GetAsync_EveryNodeSlotIsBlocked_AnswersAtOnce()
    {
        await using var cluster = await RunCluster.StartAsync(options =>
            options.Configure = runs => runs.Configure<RunNodesOptions>(o => o.MaxConcurrency = BlockedRuns));
        var blocked = await Task.WhenAll(Enumerable.Range(0, BlockedRuns).Select(_ => StartAsync(cluster)));

        // Every slot holds a thread that stands still.
        await Task.WhenAll(blocked.Select(run => cluster.Gates.Of(run.Thread.Id).ReachedAsync()));
        var durations = await AskAsync(blocked);

        var p99 = durations.Order().ElementAt(durations.Count * 99 / 100);
        output.WriteLine($"{durations.Count} calls, p50 {Median(durations):g}, p99 {p99:g}, max {durations.Max():g}");
        Assert.True(p99 < Bound, $"The p99 of {durations.Count} status calls is {p99}; it has to stay under {Bound}.");
    }

    private static async Task<(RunThread Thread, RunHandle Run)> StartAsync(RunCluster cluster)
    {
        var thread = cluster.Runs.Thread();
        return (thread, await thread.StartAsync(SampleGraphs.Blocking, new { }));
    }

    private static async Task<List<TimeSpan>> AskAsync((RunThread Thread, RunHandle Run)[] blocked)
    {
        var started = TimeProvider.System.GetTimestamp();
        var durations = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var own = new List<TimeSpan>();
            while (own.Count < Calls / Callers || TimeProvider.System.GetElapsedTime(started) < Least)
            {
                var asked = TimeProvider.System.GetTimestamp();
                var run = await blocked[((own.Count * Callers) + caller) % blocked.Length].Run.GetAsync();
                own.Add(TimeProvider.System.GetElapsedTime(asked));
                Assert.Equal(RunStatus.Running, run.Status);
            }

            return own;
        }));
        return [.. durations.SelectMany(own => own)];
    }

    private static TimeSpan Median(List<TimeSpan> durations) => durations.Order().ElementAt(durations.Count / 2);
}
