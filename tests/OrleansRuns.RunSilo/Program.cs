using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.TestKit;

// A silo that executes the sample graphs, in a process of its own: OrleansRuns.RunSilo <silo port> <gateway port>.
// It says "ready" when calls are answered and stops when its input is closed, so that it cannot outlive its test.
var siloPort = int.Parse(args[0], CultureInfo.InvariantCulture);
var gatewayPort = int.Parse(args[1], CultureInfo.InvariantCulture);
using var store = new RunStore();
var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.UseOrleans(silo =>
{
    silo.UseLocalhostClustering(siloPort, gatewayPort, new IPEndPoint(IPAddress.Loopback, siloPort));
    RunCluster.ConfigureSilo(silo, new RunClusterOptions(), store, new Gates());
});
var host = builder.Build();
host.Services.GetRequiredService<Gates>().OpenAll();
await host.StartAsync();
Console.WriteLine("ready");
await Console.In.ReadToEndAsync();
await host.StopAsync();
host.Dispose();
