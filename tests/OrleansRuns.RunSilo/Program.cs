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
var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.UseOrleans(silo =>
{
    silo.UseLocalhostClustering(siloPort, gatewayPort, new IPEndPoint(IPAddress.Loopback, siloPort));
    RunCluster.ConfigureSilo(silo, new RunClusterOptions(), RunStore.InMemory(), new Gates());
});
using var host = builder.Build();
host.Services.GetRequiredService<Gates>().OpenAll();
await host.StartAsync();
Console.WriteLine("ready");
await Console.In.ReadToEndAsync();
await host.StopAsync();
