using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.ClientSilo.Tests;

/// <summary>A reader of events whose silo is killed again and again.</summary>
public sealed class EventReaderKillTests(ITestOutputHelper output)
{
    private const int Steps = 300;

    private static readonly int Kills = Environment.GetEnvironmentVariable("ORLEANSRUNS_LONG") == "1" ? 20 : 2;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task EventsAsync_SiloIsKilledAgainAndAgain_TellsEverythingDurableOnce()
    {
        var seed = Environment.TickCount & 0xFFFFFF;
        var random = new Random(seed);
        var folder = Directory.CreateTempSubdirectory("orleansruns-");
        var (siloPort, gatewayPort) = (RunSilo.FreePort(), RunSilo.FreePort());
        var silo = await RunSilo.StartAsync(siloPort, gatewayPort, folder.FullName);
        using var host = ClientSiloTests.BuildClient(silo);
        await host.StartAsync().WithinAsync("the client to connect", Bound);
        var run = await host.Services.GetRequiredService<IRunsClient>().Thread().StartAsync(new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = "counting",
            Input = JsonSerializer.Serialize(new { count = Steps * (Kills + 1) }),
            RecursionLimit = 100_000,
        });
        using var hang = new CancellationTokenSource(Bound);
        var events = new List<RunEvent>();
        var (kills, next) = (0, random.Next(20, 400));

        await foreach (var @event in run.EventsAsync(cancellationToken: hang.Token))
        {
            events.Add(@event);
            if (kills < Kills && events.Count >= next)
            {
                // The reader stands in the middle of its enumeration.
                await silo.KillAsync();
                await silo.DisposeAsync();
                silo = await RunSilo.StartAsync(siloPort, gatewayPort, folder.FullName);
                next = events.Count + random.Next(20, 400);
                kills++;
            }
        }

        var ended = await run.GetAsync();
        await host.StopAsync().WithinAsync("the client to stop", Bound);
        await silo.DisposeAsync();
        folder.Delete(recursive: true);
        output.WriteLine($"Seed {seed}: {kills} kills, {ended.Attempt} attempts, {events.Count} events.");
        Assert.Equal(RunStatus.Success, ended.Status);
        Assert.True(ended.Attempt > 1, $"Seed {seed}: none of {kills} kills hit the run.");
        AssertComplete(events, Steps * (Kills + 1));
    }

    private static void AssertComplete(List<RunEvent> events, int steps)
    {
        var wanted = 0L;
        foreach (var @event in events)
        {
            using var data = JsonDocument.Parse(@event.Data);
            if (@event.Kind == RunEventKinds.Gap)
            {
                Assert.Equal(wanted, data.RootElement.GetProperty("from").GetInt64());
                wanted = @event.Number;
            }

            Assert.Equal(wanted++, @event.Number);
        }

        foreach (var kind in new[] { RunEventKinds.Values, RunEventKinds.Checkpoints })
        {
            Assert.Equal(Enumerable.Range(-1, steps + 1), events.Where(e => e.Kind == kind).Select(e => e.Step));
        }

        Assert.Equal(Enumerable.Range(0, steps), events.Where(e => e.Kind == RunEventKinds.Updates).Select(e => e.Step));
        Assert.Equal(RunEventKinds.End, events[^1].Kind);
    }
}
