using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OrleansRuns.Host;

/// <summary>Starts a service of a host behind all others, without a change to the order in which they stop.</summary>
/// <remarks>
/// The web server is the last service of its host. So it stops first, as the drain needs it, and would start last: probes would be kept
/// waiting while a silo waits for a migration. A host starts its services one after another, then tells them that all have started.
/// </remarks>
internal sealed class LateStart(IHostedService service) : IHostedLifecycleService
{
    /// <summary>Lets the services that are added start late.</summary>
    internal static void Of(IServiceCollection services, Action add)
    {
        var others = services.Where(IsHosted).ToHashSet();
        add();
        foreach (var added in services.Where(IsHosted).Except(others).ToList())
        {
            services[services.IndexOf(added)] = ServiceDescriptor.Singleton<IHostedService>(
                provider => new LateStart((IHostedService)Create(provider, added)));
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => service.StartAsync(cancellationToken);

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => service.StopAsync(cancellationToken);

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static bool IsHosted(ServiceDescriptor service) => service.ServiceType == typeof(IHostedService);

    private static object Create(IServiceProvider provider, ServiceDescriptor service) =>
        service.ImplementationInstance
        ?? service.ImplementationFactory?.Invoke(provider)
        ?? ActivatorUtilities.CreateInstance(provider, service.ImplementationType!);
}
