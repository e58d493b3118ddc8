using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Hosts that are stopped as no host should be: what is kept for the last writes is kept all the same.</summary>
public sealed class DrainStopTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DrainOptions Options = new() { Timeout = TimeSpan.FromMinutes(1), PersistReserve = 0.25 };

    /// <summary>What is kept for the last writes does not take longer; without the hurry they would not even begin by then.</summary>
    private static readonly TimeSpan Hurried = TimeSpan.FromSeconds(12);

    private readonly RunStore _store = new();
    private readonly Gates _gates = new();
    private IHost _host = null!;
    private bool _isDisposed;

    private IRunsClient Runs => _host.Services.GetRequiredService<IRunsClient>();

    public async Task InitializeAsync()
    {
        _host = Build();
        await _host.StartAsync().WithinAsync("the silo to start");
    }

    public async Task DisposeAsync()
    {
        _gates.OpenAll();
        await DisposeHostAsync();
        _store.Dispose();
    }

    [Fact]
    public async Task StopAsync_HostTokenIsAlreadyCancelled_EveryEndIsWrittenInTheReserve()
    {
        var good = await StartAsync(SampleGraphs.Gated);
        var stuck = await StartAsync(SampleGraphs.Deaf);

        await EndedAsync(_host.StopAsync(new CancellationToken(canceled: true)));
        await DisposeHostAsync();

        await AssertDrainedAsync(good, stuck);
    }

    [Fact]
    public async Task DisposeAsync_NobodyHasStoppedTheHost_EveryEndIsWrittenInTheReserve()
    {
        var good = await StartAsync(SampleGraphs.Gated);
        var stuck = await StartAsync(SampleGraphs.Deaf);

        await DisposeHostAsync();

        await AssertDrainedAsync(good, stuck);
    }

    [Fact]
    public async Task DisposeAsync_InTheMiddleOfTheStop_NeitherAbandonsNorRepeatsTheDrain()
    {
        var good = await StartAsync(SampleGraphs.Gated);
        var stuck = await StartAsync(SampleGraphs.Deaf);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => stopping.TrySetResult());

        using var hurry = new CancellationTokenSource();
        var stop = _host.StopAsync(hurry.Token);
        await stopping.Task.WithinAsync("the host to begin to stop");
        var disposal = DisposeHostAsync();
        await hurry.CancelAsync();
        await EndedAsync(stop);
        await disposal;

        await AssertDrainedAsync(good, stuck);
    }

    /// <summary>Waits for a stop that is told to hurry: it may fail for that, and must not hang.</summary>
    private static async Task EndedAsync(Task stop) => await Task.WhenAny(stop).WithinAsync("the host that is told to hurry to stop");

    private async Task<RunHandle> StartAsync(string graph)
    {
        var thread = Runs.Thread();
        var run = await thread.StartAsync(graph, new { });
        await _gates.Of(thread.Id).ReachedAsync();
        return run;
    }

    /// <summary>Checks what is left, and that both runs go on at the next start.</summary>
    private async Task AssertDrainedAsync(RunHandle good, RunHandle stuck)
    {
        await using (var reader = await _store.OpenReaderAsync())
        {
            var report = Assert.Single(await reader.GetRequiredService<IDrainReports>().ListAsync(10, None));
            Assert.Equal(DrainOutcome.Interrupted, Assert.Single(report.Runs, run => run.RunId == good.Id).Outcome);
            Assert.Equal(DrainOutcome.TimedOut, Assert.Single(report.Runs, run => run.RunId == stuck.Id).Outcome);
            Assert.True(report.Elapsed < Hurried, $"It took {report.Elapsed}.");
            foreach (var run in new[] { good, stuck })
            {
                var row = await reader.GetRequiredService<IRunCatalog>().FindRunAsync(run.Id, None);
                Assert.True(row is { Status: RunStatus.Interrupted, StopReason: StopReason.Drained, Resumable: true, Attempt: 1 });
            }
        }

        _gates.OpenAll();
        (_host, _isDisposed) = (Build(), false);
        await _host.StartAsync().WithinAsync("the silo to start again");
        foreach (var run in new[] { good, stuck })
        {
            var state = await Runs.Run(run.Id).ResultAsync<SampleResult>().WithinAsync($"run {run.Id} to end");
            Assert.Equal(["first", "gated", "last"], state.Done);
        }
    }

    private async Task DisposeHostAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await ((IAsyncDisposable)_host).DisposeAsync().AsTask().WithinAsync("the host to be disposed");
        }
    }

    private IHost Build()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(Ports.Free(), Ports.Free());
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("test", "orleansruns"));
            silo.Configure<RunsOptions>(options => options.NodeCancellationGrace = DrainBench.Stuck);
            silo.Configure<DrainOptions>(options =>
                (options.Timeout, options.PersistReserve) = (Options.Timeout, Options.PersistReserve));
            RunCluster.ConfigureSilo(silo, new RunClusterOptions(), _store, _gates);
        });
        return builder.Build();
    }
}
