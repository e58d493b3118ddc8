using OrleansRuns.Graphs;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class DisturbedRunTests(ITestOutputHelper output)
{
    /// <summary>How many graphs the long version takes.</summary>
    private const int ManyGraphs = 40;

    /// <summary>How many disturbed runs the short version makes, in graphs that do not take long.</summary>
    private const int FewRuns = 160;

    private const int MostSeeds = 300;

    private readonly Dictionary<string, int> _met = new(StringComparer.Ordinal)
    {
        ["retries"] = 0,
        ["failed runs"] = 0,
        ["answers"] = 0,
        ["static interrupts"] = 0,
        ["recursion limits"] = 0,
        ["tasks that ran again"] = 0,
        ["gaps"] = 0,
        ["events told again"] = 0,
        [nameof(FaultKind.DiesBefore)] = 0,
        [nameof(FaultKind.DiesAfter)] = 0,
        [nameof(FaultKind.UnavailableBefore)] = 0,
        [nameof(FaultKind.UnavailableAfter)] = 0,
    };

    [Fact]
    public async Task ExecuteAsync_DisturbedAtEveryAccessOfTheStore_EndsLikeTheUndisturbedRun()
    {
        var first = Environment.TickCount & 0xFFFFFF;
        output.WriteLine($"Seeds from {first}.");
        var (seed, graphs, runs) = (first, 0, 0);

        while (LongTests.IsOn ? graphs < ManyGraphs : seed < first + MostSeeds && (runs < FewRuns || _met.ContainsValue(0)))
        {
            var accesses = await CompareAsync(seed++);
            graphs += accesses > 0 ? 1 : 0;
            runs += accesses * Enum.GetValues<FaultKind>().Length;
        }

        output.WriteLine($"{graphs} graphs, {runs} runs; {string.Join(", ", _met.Select(pair => $"{pair.Value} {pair.Key}"))}.");
        Assert.All(_met, pair => Assert.True(pair.Value > 0, $"Seeds from {first} met no {pair.Key}."));
    }

    /// <summary>Disturbs one graph at every access.</summary>
    /// <returns>How many accesses there are; zero when the graph is passed over.</returns>
    private async Task<int> CompareAsync(int seed)
    {
        var graph = GraphCompiler.Compile("random", new RandomGraph(seed));
        var calm = StoreFault.None;
        var undisturbed = new SimulatedThread(graph, seed, calm);
        var expected = await undisturbed.RunToEndAsync();
        Assert.True(undisturbed.World.Problems.Count == 0, $"Seed {seed}: {string.Join("; ", undisturbed.World.Problems)}.");
        if (!LongTests.IsOn && calm.Accesses is < 8 or > 24)
        {
            return 0;
        }

        Count("retries", undisturbed.World.Retries);
        Count("failed runs", undisturbed.Failures);
        Count("answers", undisturbed.Answers);
        Count("static interrupts", undisturbed.Stops);
        Count("recursion limits", undisturbed.Limits);
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            for (var at = 0; at < calm.Accesses; at++)
            {
                var fault = new StoreFault(kind, at);
                var disturbed = new SimulatedThread(graph, seed, fault);
                var actual = await disturbed.RunToEndAsync();

                var place = $"Seed {seed}, {fault}";
                Check(place, undisturbed.World, disturbed.World, expected, actual);
                CheckEvents(place, undisturbed.Readers, disturbed.Readers);
                Count("gaps", disturbed.Readers.Gaps);
                Count("events told again", disturbed.Readers.ToldAgain);
                Count(kind.ToString(), fault.HasStruck ? 1 : 0);
                Count("tasks that ran again", Math.Max(0, disturbed.World.Executions - undisturbed.World.Executions));
            }
        }

        return calm.Accesses;
    }

    private static void Check(
        string place, SimulatedWorld undisturbed, SimulatedWorld disturbed, IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        var same = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.True(disturbed.Problems.Count == 0, $"{place}: {string.Join("; ", disturbed.Problems)}.");
        Assert.True(
            same == expected.Count && same == actual.Count,
            $"{place}: state {same} of {expected.Count} (of {actual.Count}) is {actual.ElementAtOrDefault(same)} instead of "
            + $"{expected.ElementAtOrDefault(same)}.");
        Assert.True(
            disturbed.Keys.Count == undisturbed.Keys.Count,
            $"{place}: {undisturbed.Keys.Count} tasks, but {disturbed.Keys.Count} idempotency keys.");
    }

    private static void CheckEvents(string place, SimulatedReaders undisturbed, SimulatedReaders disturbed)
    {
        Assert.True(disturbed.Problems.Count == 0, $"{place}: {string.Join("; ", disturbed.Problems)}.");
        Assert.True(
            undisturbed.Durable.SequenceEqual(disturbed.Durable),
            $"{place}: readers got{Environment.NewLine}{string.Join(Environment.NewLine, disturbed.Durable)}{Environment.NewLine}"
            + $"instead of{Environment.NewLine}{string.Join(Environment.NewLine, undisturbed.Durable)}");
    }

    private void Count(string what, int count) => _met[what] += count;
}
