using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>What clients see of silos that die, stop and come.</summary>
public sealed class ClientTransitionTests(ITestOutputHelper output)
{
    private const int Callers = 20;
    private static readonly int Rounds = LongTests.Loops(few: 2, many: 20);

    [Fact]
    public async Task Calls_SilosAreKilledStoppedAndStarted_NoneFailsAndNoneWaitsLong()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        await using var fleet = await SiloFleet.StartAsync(3);
        await using var load = ClientLoad.Begin(fleet.Runs, Callers);
        await load.EndedAsync(Callers);

        for (var round = 0; round < Rounds; round++)
        {
            await load.EndedAsync(random.Next(20, 60));
            await fleet.KillAsync(fleet.Silos[random.Next(fleet.Silos.Count)]);
            await load.EndedAsync(random.Next(20, 60));
            await fleet.AddAsync(1);
            await load.EndedAsync(random.Next(20, 60));
            await fleet.StopAsync(fleet.Silos[random.Next(fleet.Silos.Count)]);
            if (round + 1 < Rounds)
            {
                await fleet.AddAsync(1);
            }
        }

        await load.StopAsync();
        output.WriteLine(load.ToString());
        Assert.Equal([], load.Failures);
        Assert.All(load.Calls, call => Assert.True(call.Elapsed < TimeSpan.FromSeconds(20), $"{call.Kind} took {call.Elapsed}"));
    }
}
