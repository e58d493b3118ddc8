using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

public sealed class ProbeTests
{
    /// <summary>Much for an answer from memory on a busy machine; less than anything waits for a database.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(10);

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

    [Theory]
    [InlineData(WebPaths.Startup)]
    [InlineData(WebPaths.Ready)]
    [InlineData(WebPaths.Live)]
    public async Task Probe_NoGrainAnswersAndTheStoreFails_IsOk(string path)
    {
        var grains = new HeldGrains();
        await using var bench = await WebBench.StartAsync(
            add: program => program.Services.AddSingleton<IIncomingGrainCallFilter>(grains));
        var (run, _, _) = await bench.StartGatedRunAsync();
        bench.Hooks.Before = _ => throw new IOException("The database is gone.");
        using var hold = grains.Hold();
        var asked = run.GetAsync();
        await grains.Held.WithinAsync("a call of a grain to be held");

        var answer = await AskAsync(bench, path);
        var hasGrainAnswered = asked.IsCompleted;
        bench.Hooks.Before = _ => Task.CompletedTask;
        hold.Dispose();
        await asked.WithinAsync("the grain to answer when it may");

        Assert.Equal((HttpStatusCode.OK, "OK"), answer);
        Assert.False(hasGrainAnswered);
    }

    [Fact]
    public async Task Probe_DatabaseOfTheProgramIsGone_IsOkAtOnce()
    {
        await using var server = await PostgresServer.StartAsync();
        // It goes with its server.
        var database = await PostgresTestDatabase.CreateAsync(server.ConnectionString);
        using var program = new HostProgram();
        await using var serving = await ServeAsync(program, database.ConnectionString);

        await server.DisposeAsync();
        await Eventually.TrueAsync(
            () => Task.FromResult(serving.Log.Contains("The pending runs could not be looked for.", StringComparison.Ordinal)),
            "the program to miss its database");

        await AssertOkAsync(serving);
    }

    [Fact]
    public async Task Probe_DatabaseOfTheProgramIsSilent_IsOkAtOnce()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var proxy = new PostgresProxy(database.ConnectionString);
        using var program = new HostProgram();
        await using var serving = await ServeAsync(program, proxy.ConnectionString);

        proxy.FallSilent();
        var before = proxy.RoundTrips;
        await Eventually.TrueAsync(() => Task.FromResult(proxy.RoundTrips > before), "the program to wait for its database");

        await AssertOkAsync(serving);
    }

    private static Task<ServingProgram> ServeAsync(HostProgram program, string connectionString) =>
        ServingProgram.StartAsync(program, "--postgres", connectionString, "--http", "127.0.0.1:0");

    private static async Task AssertOkAsync(ServingProgram serving)
    {
        foreach (var path in (string[])[WebPaths.Live, WebPaths.Ready, WebPaths.Startup])
        {
            var answer = await AskAsync(serving.Client, path).WithinAsync($"{path} to answer without a database", Prompt);
            Assert.Equal((HttpStatusCode.OK, "OK"), answer);
        }
    }

    private static Task<(HttpStatusCode Status, string Text)> AskAsync(WebBench bench, string path) => AskAsync(bench.Client, path);

    private static async Task<(HttpStatusCode Status, string Text)> AskAsync(HttpClient client, string path)
    {
        using var response = await EventReader.AskAsync(client, path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Keeps calls of grains waiting until it is disposed.</summary>
    private sealed class HeldGrains : IIncomingGrainCallFilter, IDisposable
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile Task _may = Task.CompletedTask;

        internal Task Held => _held.Task;

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (!_may.IsCompleted)
            {
                _held.TrySetResult();
            }

            await _may;
            await context.Invoke();
        }

        public void Dispose() => _go.TrySetResult();

        internal HeldGrains Hold()
        {
            _may = _go.Task;
            return this;
        }
    }
}
