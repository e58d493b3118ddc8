using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>The graphs of the program.</summary>
internal static class SampleGraphs
{
    internal const string Digest = "digest";
    internal const string Order = "order";

    internal static void Add(IOrleansRunsBuilder runs)
    {
        runs.Services.AddSingleton(services => OrderEffects.Open(
            services.GetService<IConfiguration>()?.GetSection("Orders").Get<OrderOptions>() ?? new OrderOptions(),
            services.GetRequiredService<TimeProvider>()));
        runs.AddGraph<DigestGraph>(Digest);
        runs.AddGraph<OrderGraph>(Order);
    }

    /// <summary>Says in a sentence what a graph does.</summary>
    internal static string Describe(string graph) => graph switch
    {
        Digest => DigestGraph.Description,
        Order => OrderGraph.Description,
        _ => "",
    };
}
