using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Release;
using OrleansRuns.TestKit;

// One release of an application, serving as one silo: <connection string> <folder of the gates>.
var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.Services.AddSingleton(new FileGates(args[1]));
builder.UseOrleans(silo =>
{
    PostgresCluster.ConfigureSilo(silo, args[0]);
    silo.AddOrleansRuns(runs => runs.AddGraph<ReleaseGraph>("release"));
});
using var host = builder.Build();
await host.StartAsync();
var address = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Silo {address} takes part"));
await host.WaitForShutdownAsync();
