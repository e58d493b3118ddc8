using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.ClientSilo.Tests;

/// <summary>Callers that reference nothing but OrleansRuns.Abstractions and Orleans.</summary>
public sealed class ClientSiloTests
{
    private const int Runs = 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task StartAsync_FromASiloWithoutGraphs_RunsOnTheSiloThatHasThem()
    {
        await using var runSilo = await RunSilo.StartAsync();
        using var clientSilo = BuildClientSilo(runSilo);
        await clientSilo.StartAsync().WithinAsync("the silo without graphs to start", Bound);
        var client = clientSilo.Services.GetRequiredService<IRunsClient>();

        var ended = await Task.WhenAll(Enumerable.Range(0, Runs).Select(_ => RunAsync(client)))
            .WithinAsync($"{Runs} runs to end", Bound);
        var grains = await clientSilo.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0)
            .GetDetailedGrainStatistics();

        Assert.All(ended, done => Assert.Equal(["first", "gated", "last"], done));
        var own = clientSilo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var placed = grains.Where(grain => grain.GrainId.Type.ToString() is "run" or "thread").ToList();
        Assert.Equal(2 * Runs, placed.Count);
        Assert.DoesNotContain(placed, grain => grain.SiloAddress.Equals(own));
        await clientSilo.StopAsync().WithinAsync("the silo without graphs to stop", Bound);
    }

    [Fact]
    public async Task StartAsync_FromAnOutsideClient_Runs()
    {
        await using var runSilo = await RunSilo.StartAsync();
        using var host = BuildClient(runSilo);
        await host.StartAsync().WithinAsync("the client to connect", Bound);

        var done = await RunAsync(host.Services.GetRequiredService<IRunsClient>()).WithinAsync("the client's run to end", Bound);

        Assert.Equal(["first", "gated", "last"], done);
        await host.StopAsync().WithinAsync("the client to stop", Bound);
    }

    [Fact]
    public async Task StartAsync_BadInput_TellsAnOutsideClientWhatIsWrong()
    {
        await using var runSilo = await RunSilo.StartAsync();
        using var host = BuildClient(runSilo);
        await host.StartAsync().WithinAsync("the client to connect", Bound);
        var thread = host.Services.GetRequiredService<IRunsClient>().Thread();

        var mistyped = await Assert.ThrowsAsync<InvalidRunRequestException>(() => thread.StartAsync("gated", new { count = "many" }));
        var unknown = await Assert.ThrowsAsync<GraphNotFoundException>(() => thread.StartAsync("nothing", new { }));

        Assert.Equal("$.count", mistyped.Path);
        Assert.Contains("gated", unknown.Message, StringComparison.Ordinal);
        await host.StopAsync().WithinAsync("the client to stop", Bound);
    }

    private static async Task<IReadOnlyList<string>> RunAsync(IRunsClient client)
    {
        var run = await client.Thread().StartAsync("gated", new { });
        return (await run.ResultAsync<State>()).Done;
    }

    private static IHost BuildClientSilo(RunSilo runSilo)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(
                RunSilo.FreePort(), RunSilo.FreePort(), new IPEndPoint(IPAddress.Loopback, runSilo.SiloPort));
            silo.Services.AddOrleansRunsClient();
        });
        return builder.Build();
    }

    internal static IHost BuildClient(RunSilo runSilo)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client.UseLocalhostClustering(runSilo.GatewayPort).AddOrleansRunsClient());
        return builder.Build();
    }

    private sealed record State(IReadOnlyList<string> Done);
}
