using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansRuns.Abstractions;

namespace Orleans.Hosting;

/// <summary>Adds <see cref="IRunsClient"/> to a client or to a client silo.</summary>
public static class OrleansRunsClientExtensions
{
    /// <summary>Adds <see cref="IRunsClient"/> to an Orleans client.</summary>
    public static IClientBuilder AddOrleansRunsClient(this IClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOrleansRunsClient();
        return builder;
    }

    /// <summary>Adds <see cref="IRunsClient"/> to the services of a silo that calls runs but executes none.</summary>
    public static IServiceCollection AddOrleansRunsClient(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<IRunsClient, RunsClient>();
        return services;
    }
}
