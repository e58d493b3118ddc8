using System.Security.Cryptography;
using System.Text;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Graphs.Tests;

public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Graphs = 200;

    private const int StoredGraphs = 40;

    /// <summary>Changes with the random graphs and with what is stored of a run, and with nothing else.</summary>
    private const string StoredBytes = "6a89a4af136efcaccc886b71c5a1bd855e570db1c6e6db48875e52e3ec16eb46";

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

    /// <summary>
    /// Hash codes of texts differ from process to process, and so does whatever is enumerated by them. What was stored by one process is
    /// gone on with by the next, so that the bytes must not.
    /// </summary>
    [Fact]
    public async Task PlanAndFold_InAnyProcess_GiveTheSameBytes()
    {
        var lines = new List<string>();
        for (var seed = 1; seed <= StoredGraphs; seed++)
        {
            var graph = GraphCompiler.Compile("random", new RandomGraph(seed));
            var run = new SimulatedRun(graph, new(seed: null));
            await run.RunToEndAsync();
            lines.AddRange(run.Lines);
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
        output.WriteLine($"{lines.Count} records and writes, {lines.Sum(line => line.Length)} characters, hash {hash}.");
        Assert.Equal(StoredBytes, hash);
    }

    private static async Task<Chaos> CompareAsync(int seed)
    {
        var graph = GraphCompiler.Compile("random", new RandomGraph(seed));
        var calm = new SimulatedRun(graph, new(seed: null));
        var expected = await calm.RunToEndAsync();
        var (chaos, disturbed, actual) = await DisturbAsync(graph, seed);

        Assert.True(expected == actual, $"Seed {seed}: expected {expected}, but the disturbed run ended with {actual}.");
        Assert.True(
            calm.Wholes.Order(StringComparer.Ordinal).SequenceEqual(disturbed.Wholes.Order(StringComparer.Ordinal)),
            $"Seed {seed}: the checkpoints of the disturbed run differ.");
        return chaos;
    }

    /// <summary>Runs a graph until it has met a crash: a short one may meet none at first.</summary>
    private static async Task<(Chaos Chaos, SimulatedRun Run, string State)> DisturbAsync(CompiledGraph graph, int seed)
    {
        for (var tries = 0; ; tries++)
        {
            var chaos = new Chaos(seed + (tries * 0x1000000));
            var run = new SimulatedRun(graph, chaos);
            var state = await run.RunToEndAsync();
            if (chaos.Crashes > 0)
            {
                return (chaos, run, state);
            }
        }
    }
}
