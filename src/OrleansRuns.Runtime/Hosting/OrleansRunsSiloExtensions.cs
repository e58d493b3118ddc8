using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using OrleansRuns.Runtime;

namespace Orleans.Hosting;

/// <summary>Makes a silo execute runs.</summary>
public static class OrleansRunsSiloExtensions
{
    /// <summary>
    /// Adds the run and thread grains, recovery, <see cref="OrleansRuns.Abstractions.IRunsClient"/>, <see cref="IRunChecks"/> and
    /// <see cref="ISiloHealth"/>. The store is added on its own, such as with <c>UseOrleansRunsPostgres</c>.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Adds the graphs.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// Options are bound to <c>OrleansRuns:Runs</c>, <c>OrleansRuns:Nodes</c>, <c>OrleansRuns:Events</c>,
    /// <c>OrleansRuns:Recovery</c> and <c>OrleansRuns:Drain</c>. The silo refuses to start with options out of range, with a host that
    /// does not wait for its drain, or with graphs that are built wrongly; the error lists all mistakes.
    /// </remarks>
    public static ISiloBuilder AddOrleansRuns(this ISiloBuilder builder, Action<IOrleansRunsBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.AddMetrics();
        services.AddOrleansRunsClient();
        services.AddThreadHistory();
        services.AddRunOptions<RunsOptions, RunsOptionsValidator>(RunsOptions.Section);
        services.AddRunOptions<RunNodesOptions, RunNodesOptionsValidator>(RunNodesOptions.Section);
        services.AddRunOptions<RunEventsOptions, RunEventsOptionsValidator>(RunEventsOptions.Section);
        services.AddRunOptions<RunRecoveryOptions, RunRecoveryOptionsValidator>(RunRecoveryOptions.Section);
        services.AddDraining();
        services.TryAddSingleton<RunInstruments>();
        services.TryAddSingleton<ActiveRuns>();
        services.TryAddSingleton<RunWaker>();
        services.TryAddSingleton<RunEventReader>();
        services.TryAddSingleton<RunAdmission>();
        services.TryAddSingleton<IRunChecks, RunChecks>();
        services.TryAddSingleton<ThreadSlots>();
        services.TryAddSingleton<ThreadEdits>();
        services.TryAddSingleton<ThreadMetadata>();
        services.TryAddSingleton(provider => new NodeScheduler(
            provider.GetRequiredService<IOptions<RunNodesOptions>>().Value.MaxConcurrency,
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<NodeCache>();
        services.TryAddSingleton<NodeRunner>();
        services.TryAddSingleton<IRunExecutor, RunExecutor>();
        services.AddRecovery();
        services.TryAddSingleton<PendingRuns>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigurationValidator, GraphsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<GrainCollectionOptions>, GrainIdling>());
        builder.AddIncomingGrainCallFilter<StoreFailureFilter>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<PendingRuns>());
        configure(new OrleansRunsBuilder(services));
        return builder;
    }

    /// <summary>
    /// Adds <see cref="IThreadHistory"/>, <see cref="IRunLists"/>, <see cref="IGraphs"/> and <see cref="IRunDoctor"/> to a program that
    /// only looks on. The store is added on its own, such as with <c>AddOrleansRunsPostgresReader</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Adds the graphs.</param>
    /// <returns>The same services.</returns>
    /// <remarks>
    /// <see cref="RunsOptions"/> are read from the <see cref="IConfiguration"/> among the services, if there is one: the doctor has to
    /// take an edit for dead when the silos do.
    /// </remarks>
    public static IServiceCollection AddOrleansRunsReader(
        this IServiceCollection services, Action<IOrleansRunsBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddThreadHistory();
        // A program that only looks on need not have one.
        services.TryAddSingleton<IConfiguration>(_ => new ConfigurationBuilder().Build());
        services.AddRunOptions<RunsOptions, RunsOptionsValidator>(RunsOptions.Section);
        configure(new OrleansRunsBuilder(services));
        return services;
    }

    private static void AddRecovery(this IServiceCollection services)
    {
        services.TryAddSingleton<RecoverySignal>();
        services.TryAddSingleton<LiveRuns>();
        services.TryAddSingleton<SuspectTurns>();
        services.TryAddSingleton<GraphSilos>();
        services.TryAddSingleton<GraphVersions>();
        services.TryAddSingleton<SiloLease>();
        services.TryAddSingleton<RunRecovery>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloLease>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<RunRecovery>());
    }

    private static void AddDraining(this IServiceCollection services)
    {
        services.AddRunOptions<DrainOptions, DrainOptionsValidator>(DrainOptions.Section);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<HostOptions>, DrainBudget>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigurationValidator, DrainBudgetValidator>());
        services.TryAddSingleton<DrainCoordinator>();
        services.TryAddSingleton<DrainHandOff>();
        services.TryAddSingleton<SiloForecast>();
        services.TryAddSingleton<SiloDrain>();
        services.TryAddSingleton<DrainGuard>();
        services.TryAddSingleton<SiloDesks>();
        services.TryAddSingleton<SiloCordon>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloDrain>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, DrainGuard.Maker>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloForecast>());
        services.TryAddSingleton<SiloHealth>();
        services.TryAddSingleton<ISiloHealth>(provider => provider.GetRequiredService<SiloHealth>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloHealth>());
    }

    private static void AddThreadHistory(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<GraphRegistry>();
        services.TryAddSingleton<IGraphs>(provider => provider.GetRequiredService<GraphRegistry>());
        services.TryAddSingleton<ThreadReader>();
        services.TryAddSingleton<IThreadHistory, ThreadHistory>();
        services.TryAddSingleton<IRunDoctor, RunDoctor>();
        services.TryAddSingleton<IRunLists, RunLists>();
    }

    private static void AddRunOptions<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TValidator>());
    }
}
