using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>The probes of an orchestrator, answered from memory: a database that is away makes nobody stop or restart a silo.</summary>
internal static class SiloProbes
{
    private static readonly (string Path, Func<ISiloHealth, string?> Problem)[] All =
    [
        (WebPaths.Startup, silo => silo.HasStarted ? null : "The silo is starting."),
        (WebPaths.Ready, silo => silo.UnreadyReason),
        (WebPaths.Live, silo => silo.IsAlive ? null : "The silo was declared dead by its cluster."),
    ];

    internal static void Add(IServiceCollection services)
    {
        var checks = services.AddHealthChecks();
        foreach (var (path, problem) in All)
        {
            checks.Add(new HealthCheckRegistration(
                path, provider => new Check(provider.GetRequiredService<ISiloHealth>(), problem), HealthStatus.Unhealthy, tags: null));
        }
    }

    internal static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (path, _) in All)
        {
            routes.MapHealthChecks(path, new HealthCheckOptions { Predicate = check => check.Name == path, ResponseWriter = TellAsync });
        }
    }

    private static Task TellAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(report.Entries.Values.Single().Description ?? "OK");
    }

    private sealed class Check(ISiloHealth silo, Func<ISiloHealth, string?> problem) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(problem(silo) is { } text ? HealthCheckResult.Unhealthy(text) : HealthCheckResult.Healthy());
    }
}
