using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace Orleans.Hosting;

/// <summary>Chooses the database that keeps the runs of a silo.</summary>
public static class OrleansRunsAdoNetExtensions
{
    // The name by which Orleans finds Microsoft.Data.Sqlite; the package's own name it does not know.
    private const string SqliteInvariant = "System.Data.SQLite";

    /// <summary>Keeps runs in a SQLite file: one silo, nothing to install.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets the file.</param>
    public static ISiloBuilder UseOrleansRunsSqlite(this ISiloBuilder builder, Action<SqliteRunsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<SqliteRunsOptions>().Configure(configure ?? (_ => { })).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<SqliteRunsOptions>, SqliteRunsOptionsValidator>();
        builder.Services.AddSingleton<IDatabase>(
            services => new SqliteDatabase(services.GetRequiredService<IOptions<SqliteRunsOptions>>().Value.File));
        return builder.AddLogStorage((options, database) =>
        {
            options.Invariant = SqliteInvariant;
            options.ConnectionString = ((SqliteDatabase)database).ConnectionString;
        });
    }

    /// <summary>
    /// Keeps runs in a PostgreSQL database (15 or newer), in its schema "orleansruns", on a silo whose cluster is set up otherwise.
    /// <see cref="OrleansRunsClusteringExtensions.UseOrleansRunsPostgres(ISiloBuilder, Action{PostgresRunsOptions})"/> does both.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets the connection string.</param>
    public static ISiloBuilder AddOrleansRunsPostgres(this ISiloBuilder builder, Action<PostgresRunsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<PostgresRunsOptions>()
            .Bind(builder.Configuration.GetSection(PostgresRunsOptions.Section)).Configure(configure).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<PostgresRunsOptions>, PostgresRunsOptionsValidator>();
        // The container disposes the data source when the host is disposed, which is after the silo has stopped: nothing that still
        // writes can find its pool closed.
        builder.Services.AddSingleton<IDatabase>(services => CreatePostgres(services, isReadOnly: false));
        return builder.AddLogStorage((options, database) =>
        {
            options.Invariant = PostgresDatabase.Invariant;
            options.DataSource = database.Source;
        });
    }

    /// <summary>Adds the log and the catalog of a SQLite file to look at, without a silo and while another process writes.</summary>
    /// <param name="services">The services.</param>
    /// <param name="file">The file.</param>
    /// <param name="canRepair">Whether <see cref="IRunDoctor"/> may change rows; no other process may use the file then.</param>
    public static IServiceCollection AddOrleansRunsSqliteReader(this IServiceCollection services, string file, bool canRepair = false)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton<IDatabase>(_ => new SqliteDatabase(file, isReadOnly: !canRepair));
        return services.AddReader();
    }

    /// <summary>Adds the log and the catalog of a PostgreSQL database to look at, without a silo.</summary>
    /// <param name="services">The services.</param>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="canRepair">Whether <see cref="IRunDoctor"/> may change rows; silos may be at work meanwhile.</param>
    /// <remarks>Other options are read from the <see cref="IConfiguration"/> among the services, if there is one.</remarks>
    public static IServiceCollection AddOrleansRunsPostgresReader(
        this IServiceCollection services, string connectionString, bool canRepair = false)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<PostgresRunsOptions>().BindConfiguration(PostgresRunsOptions.Section).Configure(options =>
        {
            options.ConnectionString = connectionString;
            // Somebody waits for the answer of a look, who can tell by himself that the server is away.
            options.StartTimeout = TimeSpan.Zero;
        }).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PostgresRunsOptions>, PostgresRunsOptionsValidator>();
        services.AddSingleton<IDatabase>(provider => CreatePostgres(provider, isReadOnly: !canRepair));
        return services.AddReader();
    }

    private static PostgresDatabase CreatePostgres(IServiceProvider services, bool isReadOnly) => new(
        services.GetRequiredService<IOptions<PostgresRunsOptions>>().Value,
        services.GetRequiredService<TimeProvider>(),
        services.GetRequiredService<ILogger<PostgresDatabase>>(),
        isReadOnly);

    private static ISiloBuilder AddLogStorage(
        this ISiloBuilder builder, Action<Configuration.AdoNetGrainStorageOptions, IDatabase> configure)
    {
        builder.AddAdoNetGrainStorage(
            AdoThreadLogStore.StorageName,
            options => options.Configure<IDatabase>((storage, database) =>
            {
                storage.GrainStorageSerializer = new LogPayloadSerializer();
                configure(storage, database);
            }));
        builder.Services.AddCatalog();
        builder.Services.AddSingleton<IThreadLogStore>(services => new AdoThreadLogStore(
            services.GetRequiredService<IDatabase>(),
            services.GetRequiredKeyedService<IGrainStorage>(AdoThreadLogStore.StorageName),
            services.GetRequiredService<LogEntryFormat>()));
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, DatabaseStartup>();
        return builder;
    }

    private static IServiceCollection AddReader(this IServiceCollection services)
    {
        services.AddSingleton<IThreadLogStore>(provider => new AdoThreadLogStore(
            provider.GetRequiredService<IDatabase>(), storage: null, provider.GetRequiredService<LogEntryFormat>()));
        services.AddSingleton(provider =>
        {
            // All that is wrong with the settings at once, as the start of a host tells it.
            provider.GetService<IStartupValidator>()?.Validate();
            return new RunsReader(provider.GetRequiredService<IDatabase>(), provider.GetRequiredService<SchemaMigrator>());
        });
        return services.AddCatalog();
    }

    private static IServiceCollection AddCatalog(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        // A program that only looks on need not have one.
        services.TryAddSingleton<IConfiguration>(_ => new ConfigurationBuilder().Build());
        services.AddOptions<ThreadLogOptions>().BindConfiguration(ThreadLogOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ThreadLogOptions>, ThreadLogOptionsValidator>();
        services.AddSingleton<SchemaMigrator>();
        services.AddSingleton<IRunCatalog, AdoRunCatalog>();
        services.AddSingleton<IOwnerLeases, AdoOwnerLeases>();
        services.AddSingleton<IDrainReports, AdoDrainReports>();
        services.AddSingleton<IDoctorCatalog, AdoDoctorCatalog>();
        services.AddSingleton<IRunSearch, AdoRunSearch>();
        services.AddSingleton(provider => new LogEntryFormat(
            provider.GetRequiredService<IOptions<ThreadLogOptions>>().Value, provider.GetService<ILogPayloadCodec>()));
        return services;
    }
}
