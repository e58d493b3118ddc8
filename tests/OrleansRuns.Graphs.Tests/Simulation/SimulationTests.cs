using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Graphs.Tests;

public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Graphs = 200;

    [Fact]
    public async Task Run_DisturbedInEveryWay_EndsLikeTheUndisturbedRun()
    {
        var first = Environment.TickCount & 0xFFFFFF;
        output.WriteLine($"Seeds {first} to {first + Graphs - 1}.");
        var all = new List<Chaos>();
        for (var seed = first; seed < first + Graphs; seed++)
        {
            all.Add(await CompareAsync(seed));
        }

        var counts = new (string What, int Count)[]
        {
            ("crashes", all.Sum(chaos => chaos.Crashes)),
            ("failures", all.Sum(chaos => chaos.Failures)),
            ("answers", all.Sum(chaos => chaos.Answers)),
            ("drains", all.Sum(chaos => chaos.Drains)),
            ("static interrupts", all.Sum(chaos => chaos.Stops)),
            ("recursion limits", all.Sum(chaos => chaos.Limits)),
        };
        output.WriteLine(string.Join(", ", counts.Select(pair => $"{pair.Count} {pair.What}")));
        Assert.All(counts, pair => Assert.True(pair.Count > 0, $"Seeds from {first} met no {pair.What}."));
    }

    private static async Task<Chaos> CompareAsync(int seed)
    {
        var graph = GraphCompiler.Compile("random", new RandomGraph(seed));
        var calm = new SimulatedRun(graph, new(seed: null));
        var chaos = new Chaos(seed);
        var disturbed = new SimulatedRun(graph, chaos);

        var expected = await calm.RunToEndAsync();
        var actual = await disturbed.RunToEndAsync();

        Assert.True(expected == actual, $"Seed {seed}: expected {expected}, but the disturbed run ended with {actual}.");
        Assert.True(
            calm.Wholes.Order(StringComparer.Ordinal).SequenceEqual(disturbed.Wholes.Order(StringComparer.Ordinal)),
            $"Seed {seed}: the checkpoints of the disturbed run differ.");
        return chaos;
    }
}
