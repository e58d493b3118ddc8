using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

public sealed class ProbeTests
{
    [Theory]
    [InlineData(WebPaths.Startup)]
    [InlineData(WebPaths.Ready)]
    [InlineData(WebPaths.Live)]
    public async Task Probe_SiloServes_IsOk(string path)
    {
        await using var bench = await WebBench.StartAsync();

        var answer = await AskAsync(bench, path);

        Assert.Equal((HttpStatusCode.OK, "OK"), answer);
    }

    [Fact]
    public async Task Health_BeforeTheSiloHasStarted_IsNotReadyAndSaysSo()
    {
        await using var bench = WebBench.Create();
        var silo = bench.Program.Services.GetRequiredService<ISiloHealth>();
        var before = (silo.HasStarted, silo.UnreadyReason, silo.IsAlive);

        await bench.Program.StartAsync().WithinAsync("the program to start");

        Assert.Equal((false, "The silo is starting.", true), before);
        Assert.Equal((true, null, true), (silo.HasStarted, silo.UnreadyReason, silo.IsAlive));
    }

    [Fact]
    public async Task Ready_ApplicationBeginsToStop_TurnsFalseAtOnceAndTheOthersStay()
    {
        await using var bench = await WebBench.StartAsync();
        var answers = new Dictionary<string, (HttpStatusCode Status, string Text)>();
        // The last to register is the first to be told: nothing has begun to stop behind it.
        bench.Program.Lifetime.ApplicationStopping.Register(() =>
        {
            foreach (var path in (string[])[WebPaths.Startup, WebPaths.Ready, WebPaths.Live])
            {
                answers[path] = Task.Run(() => AskAsync(bench, path)).GetAwaiter().GetResult();
            }
        });

        await bench.Program.StopAsync().WithinAsync("the program to stop");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "The silo stops: its runs go on on other silos."), answers[WebPaths.Ready]);
        Assert.Equal(HttpStatusCode.OK, answers[WebPaths.Startup].Status);
        Assert.Equal(HttpStatusCode.OK, answers[WebPaths.Live].Status);
    }

    private static async Task<(HttpStatusCode Status, string Text)> AskAsync(WebBench bench, string path)
    {
        using var response = await EventReader.AskAsync(bench.Client, path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
