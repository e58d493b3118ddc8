using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>What Kubernetes is told of the pod, as its API server gets it over HTTP.</summary>
public sealed class PodDeletionCostTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(1000, 10)]
    public void Of_Runs_ChangesWhenTheyDouble(int runs, int cost) => Assert.Equal(cost, PodDeletionCost.Of(runs));

    [Fact]
    public async Task Cost_RunsComeAndGo_IsWrittenToThePodItself()
    {
        await using var kubernetes = await ApiServer.StartAsync();
        await using var bench = await WebBench.StartAsync(add: kubernetes.AddTo);

        var idle = await kubernetes.ToldAsync();
        var (run, _, gate) = await bench.StartGatedRunAsync();
        var busy = await kubernetes.ToldAsync();
        gate.Open();
        await run.WaitAsync().WithinAsync("the run to end");
        var idleAgain = await kubernetes.ToldAsync();

        Assert.Equal(["0", "1", "0"], [idle, busy, idleAgain]);
    }

    [Fact]
    public async Task Cost_ServerRefusesForATime_IsToldLater()
    {
        await using var kubernetes = await ApiServer.StartAsync(refusals: 3);
        await using var bench = await WebBench.StartAsync(add: kubernetes.AddTo);

        Assert.Equal("0", await kubernetes.ToldAsync());
        Assert.Equal(0, kubernetes.Refusals);
    }

    [Fact]
    public async Task Cost_PodHasNoTokenForATime_SiloServesAndTellsLater()
    {
        await using var kubernetes = await ApiServer.StartAsync();
        kubernetes.HasToken = false;
        await using var bench = await WebBench.StartAsync(add: kubernetes.AddTo);

        var (run, _, gate) = await bench.StartGatedRunAsync();
        gate.Open();
        await run.WaitAsync().WithinAsync("the run to end");
        kubernetes.HasToken = true;

        Assert.Equal("0", await kubernetes.ToldAsync());
    }

    [Fact]
    public async Task Host_NoPodIsNamed_TellsNobody()
    {
        await using var bench = await WebBench.StartAsync();

        Assert.Empty(bench.Program.Services.GetServices<IHostedService>().OfType<PodDeletionCost>());
    }

    /// <summary>An API server that takes changes of the pod "silo-1", as a merge patch, and refuses the first few.</summary>
    private sealed class ApiServer : IAsyncDisposable
    {
        private const string Pod = "/api/v1/namespaces/runs/pods/silo-1";

        private readonly Channel<string> _told = Channel.CreateUnbounded<string>();
        private readonly WebApplication _server;
        private volatile bool _hasToken = true;
        private int _refusals;

        private ApiServer(int refusals)
        {
            _refusals = refusals;
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            _server = builder.Build();
            _server.MapMethods(Pod, ["PATCH"], AnswerAsync);
        }

        internal bool HasToken
        {
            get => _hasToken;
            set => _hasToken = value;
        }

        internal int Refusals => Volatile.Read(ref _refusals);

        private string Address =>
            _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        internal static async Task<ApiServer> StartAsync(int refusals = 0)
        {
            var server = new ApiServer(refusals);
            await server._server.StartAsync();
            return server;
        }

        internal void AddTo(IHostApplicationBuilder builder)
        {
            builder.Configuration["OrleansRuns:Pod:Name"] = "silo-1";
            builder.Configuration["OrleansRuns:Pod:Namespace"] = "runs";
            builder.Configuration["OrleansRuns:Pod:Period"] = "00:00:00.050";
            builder.Services.AddSingleton<Func<KubernetesClientConfiguration>>(() => HasToken
                ? new KubernetesClientConfiguration { Host = Address }
                : throw new FileNotFoundException("The pod has no token."));
        }

        internal Task<string> ToldAsync() => _told.Reader.ReadAsync().AsTask().WithinAsync("Kubernetes to be told a cost");

        public ValueTask DisposeAsync() => _server.DisposeAsync();

        private async Task<IResult> AnswerAsync(HttpRequest request)
        {
            if (Refusals > 0)
            {
                Interlocked.Decrement(ref _refusals);
                return Results.Json(new { kind = "Status", status = "Failure", code = 403 }, statusCode: 403);
            }

            Assert.Equal("application/merge-patch+json", request.ContentType?.Split(';')[0]);
            using var patch = await JsonDocument.ParseAsync(request.Body);
            var metadata = Assert.Single(patch.RootElement.EnumerateObject(), member => member.Name == "metadata").Value;
            var annotation = Assert.Single(Assert.Single(metadata.EnumerateObject()).Value.EnumerateObject());
            Assert.Equal(PodDeletionCost.Annotation, annotation.Name);
            await _told.Writer.WriteAsync(annotation.Value.GetString()!);
            return Results.Json(new { kind = "Pod", apiVersion = "v1", metadata = new { name = "silo-1" } });
        }
    }
}
