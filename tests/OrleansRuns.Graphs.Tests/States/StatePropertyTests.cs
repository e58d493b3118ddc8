using System.Text.Json;
using Xunit.Abstractions;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What holds of every state and every change, shown on random ones.</summary>
public sealed class StatePropertyTests(ITestOutputHelper output)
{
    private const int Rounds = 2000;

    private static readonly StateModel<BagState> Model = StateModelTests.Create<BagState>();

    [Fact]
    public void Apply_OfTheDifference_GivesTheReturnedState()
    {
        var (seed, random) = Seed();
        var state = Model.Initial;
        var written = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var given = StateModel<BagState>.Give(state);
            var returned = Change(given, random);
            var update = Model.Diff(given, returned, "n", $"t{round}");
            var folded = Model.Fold(state, [new ChannelWrite("n", $"t{round}", update)]);

            Assert.True(Text(returned) == Text(folded.After), $"seed {seed}, round {round}: {update}");
            Assert.Equal(Text(folded.After), Text(Model.Replay(state, folded.Operations)));
            written += update is null ? 0 : 1;
            state = folded.After;
        }

        Assert.True(written > Rounds / 2, $"seed {seed}: only {written} changes");
        Assert.Equal(Text(state), Text(Model.Replay(Model.Initial, Model.Snapshot(state))));
    }

    [Fact]
    public void Fold_OfASuperstep_GivesTheSameBytesTwice()
    {
        var (seed, random) = Seed();
        for (var round = 0; round < Rounds / 10; round++)
        {
            var writes = Enumerable.Range(0, 5).Select(index =>
            {
                var given = StateModel<BagState>.Give(Model.Initial);
                var returned = given with
                {
                    Words = given.Words.AppendRange(Enumerable.Range(0, random.Next(3)).Select(n => $"{index}.{n}")),
                    Sum = given.Sum + random.Next(100),
                    Tags = given.Tags.With(random.Next(20)),
                    Scores = given.Scores.With($"k{index}", random.Next(5)),
                };
                return new ChannelWrite($"n{index}", $"t{index}", Model.Diff(given, returned, "n", "t"));
            }).ToList();

            var once = Model.Fold(Model.Initial, writes);
            var twice = Model.Fold(Model.Replay(Model.Initial, Model.Snapshot(Model.Initial)), writes);

            Assert.True(
                JsonSerializer.Serialize(once.Operations) == JsonSerializer.Serialize(twice.Operations), $"seed {seed}, round {round}");
        }
    }

    private static BagState Change(BagState state, Random random) => random.Next(11) switch
    {
        0 => state with { Title = $"t{random.Next(3)}" },
        1 => state with { Words = state.Words.Append($"w{random.Next(9)}") },
        2 => state with { Words = state.Words.Overwrite(["fresh"]).Append("more") },
        3 => state with { Sum = state.Sum + random.Next(-5, 6) },
        4 => state with { Sum = state.Sum.Overwrite(random.Next(9)) },
        5 => state with { Tags = state.Tags.With(random.Next(9)).Without(random.Next(9)) },
        6 => state with { Scores = state.Scores.With($"k{random.Next(5)}", random.Next(4)).Without($"k{random.Next(5)}") },
        7 => state with { Talk = state.Talk.Put(new Message { Id = $"m{random.Next(5)}", Type = "ai", Content = $"{random.Next(9)}" }) },
        8 => state with { Talk = state.Talk.Put(new Message { Id = "x", Type = "ai" }).Remove("x") },
        9 => state with { Peak = new Peak(Math.Max(state.Peak.Value, random.Next(50))), Paths = [.. state.Paths.Take(3), "p"] },
        _ => state with { Talk = state.Talk.RemoveAll(), Title = "cleared" },
    };

    private static string Text(BagState state) => Model.ToJson(state).ToJsonString();

    private (int Seed, Random Random) Seed()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        return (seed, new Random(seed));
    }
}
