using System.Globalization;
using System.Numerics;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Tells Kubernetes what it costs to delete this pod, so that a scale-in takes the silo with the fewest runs.</summary>
/// <remarks>
/// Kubernetes asks not to write the cost whenever a number changes, since each write is one of the whole pod. So the cost is 0 without
/// runs, else one more than the binary logarithm of their number: it changes when the load doubles or halves.
/// Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost.
/// </remarks>
internal sealed partial class PodDeletionCost(
    Func<KubernetesClientConfiguration> configure,
    ISiloHealth silo,
    IOptions<PodOptions> pod,
    TimeProvider time,
    ILogger<PodDeletionCost> logger) : BackgroundService
{
    internal const string Annotation = "controller.kubernetes.io/pod-deletion-cost";

    private Kubernetes? _kubernetes;

    /// <summary>Adds it to a host that is told which pod it runs in.</summary>
    internal static void AddTo(IHostApplicationBuilder builder)
    {
        if (string.IsNullOrEmpty(builder.Configuration.GetSection(PodOptions.Section)[nameof(PodOptions.Name)]))
        {
            return;
        }

        builder.Services.AddOptions<PodOptions>().BindConfiguration(PodOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PodOptions>, PodOptionsValidator>());
        builder.Services.TryAddSingleton<Func<KubernetesClientConfiguration>>(KubernetesClientConfiguration.InClusterConfig);
        builder.Services.AddHostedService<PodDeletionCost>();
    }

    /// <summary>Gets what it costs to delete a pod.</summary>
    /// <param name="runs">How many runs have live work there.</param>
    internal static int Of(int runs) => runs == 0 ? 0 : 1 + BitOperations.Log2((uint)runs);

    public override void Dispose()
    {
        _kubernetes?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(pod.Value.Period, time);
        int? told = null;
        var isAway = false;
        do
        {
            var cost = Of(silo.ActiveRuns);
            try
            {
                if (cost != told)
                {
                    await TellAsync(cost, stoppingToken);
                    (told, isAway) = (cost, false);
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Nothing depends on it but which silo goes first. Once is enough to say.
                if (!isAway)
                {
                    LogNotTold(logger, exception, pod.Value.Name!);
                }

                isAway = true;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TellAsync(int cost, CancellationToken cancellationToken)
    {
        var metadata = new V1ObjectMeta
        {
            Annotations = new Dictionary<string, string> { [Annotation] = cost.ToString(CultureInfo.InvariantCulture) },
        };
        // Not before: a pod without a token must not keep its silo from starting.
        _kubernetes ??= new Kubernetes(configure());
        await _kubernetes.CoreV1.PatchNamespacedPodAsync(
            new V1Patch(new V1Pod { Metadata = metadata }, V1Patch.PatchType.MergePatch),
            pod.Value.Name,
            pod.Value.Namespace,
            cancellationToken: cancellationToken);
    }

    [LoggerMessage(3710, LogLevel.Warning, "Kubernetes could not be told what it costs to delete pod {Pod}. It is tried again.")]
    private static partial void LogNotTold(ILogger logger, Exception exception, string pod);
}
