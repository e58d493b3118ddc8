using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.RunSilo;
using OrleansRuns.TestKit;

// A silo that executes the sample graphs, in a process of its own: OrleansRuns.RunSilo <silo port> <gateway port> [<folder of the store>].
// It says "ready" when calls are answered and stops when its input is closed, so that it cannot outlive its test.
// OrleansRuns.RunSilo postgres <connection string> is a silo of a cluster; see HoldingSilo.
if (args is ["postgres", var connectionString])
{
    await HoldingSilo.ServeAsync(connectionString);
    return;
}

var siloPort = int.Parse(args[0], CultureInfo.InvariantCulture);
var gatewayPort = int.Parse(args[1], CultureInfo.InvariantCulture);
using var store = args.Length > 2 ? RunStore.In(args[2]) : new RunStore();
var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.UseOrleans(silo =>
{
    silo.UseLocalhostClustering(siloPort, gatewayPort, new IPEndPoint(IPAddress.Loopback, siloPort));
    var options = new RunClusterOptions { Configure = runs => runs.AddGraph<CountingGraph>("counting") };
    RunCluster.ConfigureSilo(silo, options, store, new Gates());
});
var host = builder.Build();
host.Services.GetRequiredService<Gates>().OpenAll();
await host.StartAsync();
Console.WriteLine("ready");
await Console.In.ReadToEndAsync();
await host.StopAsync();
host.Dispose();
