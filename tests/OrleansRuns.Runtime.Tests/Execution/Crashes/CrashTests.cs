using OrleansRuns.Graphs;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class CrashTests(ITestOutputHelper output)
{
    private const int ManyGraphs = 60;

    /// <summary>The short test tries as many crash points as this, spread over its graphs; the long one tries all.</summary>
    private const int FewPoints = 600;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("ORLEANSRUNS_LONG") == "1";

    [Fact]
    public async Task ExecuteAsync_DisturbedAtEveryAccessOfTheStore_EndsLikeTheUndisturbedRun()
    {
        var first = Environment.TickCount & 0xFFFFFF;
        output.WriteLine($"Seeds from {first}.");
        var total = new Dictionary<string, int>(StringComparer.Ordinal);
        var tried = 0;

        for (var seed = first; IsLong ? seed < first + ManyGraphs : tried < FewPoints; seed++)
        {
            tried += await CompareAsync(seed, total);
        }

        output.WriteLine(string.Join(", ", total.Select(pair => $"{pair.Value} {pair.Key}")));
        Assert.All(total, pair => Assert.True(pair.Value > 0, $"Seeds from {first} met no {pair.Key}."));
    }

    private static async Task<int> CompareAsync(int seed, Dictionary<string, int> total)
    {
        var graph = GraphCompiler.Compile("random", new RandomGraph(seed));
        var calm = StoreFault.None;
        var undisturbed = new SimulatedThread(graph, seed, calm);
        var expected = await undisturbed.RunToEndAsync();
        Assert.True(undisturbed.World.Problems.Count == 0, $"Seed {seed}: {string.Join("; ", undisturbed.World.Problems)}");
        Count(total, "retries", undisturbed.World.Retries);
        Count(total, "failed runs", undisturbed.Failures);
        Count(total, "answers", undisturbed.Answers);
        Count(total, "static interrupts", undisturbed.Stops);
        Count(total, "recursion limits", undisturbed.Limits);

        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            for (var at = 0; at < calm.Accesses; at++)
            {
                var fault = new StoreFault(kind, at);
                var disturbed = new SimulatedThread(graph, seed, fault);
                var actual = await disturbed.RunToEndAsync();

                var place = $"Seed {seed}, {fault}";
                Assert.True(disturbed.World.Problems.Count == 0, $"{place}: {string.Join("; ", disturbed.World.Problems)}.");
                Assert.True(expected.SequenceEqual(actual), $"{place}: {Difference(expected, actual)}");
                Assert.True(
                    disturbed.World.Keys.Count == undisturbed.World.Keys.Count,
                    $"{place}: {undisturbed.World.Keys.Count} tasks, but {disturbed.World.Keys.Count} idempotency keys.");
                Count(total, kind.ToString(), fault.HasStruck ? 1 : 0);
                Count(total, "tasks that ran again", disturbed.World.Executions - undisturbed.World.Executions);
            }
        }

        return calm.Accesses * Enum.GetValues<FaultKind>().Length;
    }

    private static void Count(Dictionary<string, int> total, string what, int count) =>
        total[what] = total.GetValueOrDefault(what) + count;

    private static string Difference(IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        var same = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"state {same} of {expected.Count} ({actual.Count}) is {actual.ElementAtOrDefault(same)} instead of "
            + $"{expected.ElementAtOrDefault(same)}.";
    }
}
