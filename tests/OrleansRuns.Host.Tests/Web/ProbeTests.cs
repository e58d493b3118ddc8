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

    [Fact]
    public async Task Probe_SiloIsStarting_SaysSoAndTheSiloStopsBehindTheWebServer()
    {
        var silo = new HeldStart();
        await using var bench = WebBench.Create(
            add: program => program.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(silo));
        silo.Stopping = async () => await AskOrNullAsync(bench, WebPaths.Live);
        var starting = bench.Program.StartAsync();
        await silo.Reached.WithinAsync("the silo to start");

        var startup = await AskAsync(bench, WebPaths.Startup);
        var ready = await AskAsync(bench, WebPaths.Ready);
        var live = await AskAsync(bench, WebPaths.Live);
        var stream = await AskAsync(bench, WebBench.PathOf("t", Guid.CreateVersion7().ToString()));
        var hasStarted = starting.IsCompleted || bench.Program.Lifetime.ApplicationStarted.IsCancellationRequested;
        silo.Release();
        await starting.WithinAsync("the program to start");
        var started = await AskAsync(bench, WebPaths.Startup);
        await bench.Program.StopAsync().WithinAsync("the program to stop");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "The silo is starting."), startup);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "The silo is starting."), ready);
        Assert.Equal((HttpStatusCode.OK, "OK"), live);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, stream.Status);
        Assert.Contains("The silo is starting. Ask again.", stream.Text, StringComparison.Ordinal);
        Assert.False(hasStarted);
        Assert.Equal((HttpStatusCode.OK, "OK"), started);
        Assert.Equal((true, null), (silo.HasStopped, silo.AnsweredAtItsStop));
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

        // Counted from before: what is asked just when it falls silent may be the last that can be.
        var before = proxy.RoundTrips;
        proxy.FallSilent();
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

    /// <returns>The answer; <see langword="null"/> when nobody listens.</returns>
    private static async Task<(HttpStatusCode Status, string Text)?> AskOrNullAsync(WebBench bench, string path)
    {
        try
        {
            return await AskAsync(bench, path);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Keeps the start of a silo waiting until it is released, and asks when the silo begins to stop.</summary>
    private sealed class HeldStart : ILifecycleParticipant<ISiloLifecycle>
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Reached => _reached.Task;

        internal Func<Task<(HttpStatusCode Status, string Text)?>> Stopping { get; set; } = null!;

        internal bool HasStopped { get; private set; }

        internal (HttpStatusCode Status, string Text)? AnsweredAtItsStop { get; private set; }

        public void Participate(ISiloLifecycle lifecycle)
        {
            lifecycle.Subscribe(nameof(HeldStart), ServiceLifecycleStage.RuntimeInitialize, StartAsync);
            // The first to be told of a stop, which begins with the highest stage.
            lifecycle.Subscribe(nameof(HeldStart), ServiceLifecycleStage.Last, _ => Task.CompletedTask, StopAsync);
        }

        internal void Release() => _go.TrySetResult();

        private Task StartAsync(CancellationToken cancellationToken)
        {
            _reached.TrySetResult();
            return _go.Task.WaitAsync(cancellationToken);
        }

        private async Task StopAsync(CancellationToken cancellationToken) =>
            (AnsweredAtItsStop, HasStopped) = (await Stopping(), true);
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
