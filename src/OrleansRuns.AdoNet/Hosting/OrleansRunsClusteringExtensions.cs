using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using OrleansRuns.AdoNet;

namespace Orleans.Hosting;

/// <summary>Makes silos on one PostgreSQL database a cluster, and clients find it.</summary>
public static class OrleansRunsClusteringExtensions
{
    /// <summary>
    /// Keeps runs in a PostgreSQL database (15 or newer) and makes all silos on it a cluster: storage, membership, a grain directory that
    /// keeps its promises while silos come and go, and failure detection that is tuned to it.
    /// </summary>
    /// <param name="builder">The silo. Its endpoints and its cluster id are its own business.</param>
    /// <param name="configure">Sets the connection string.</param>
    /// <remarks>
    /// All silos of the cluster, also those that execute no runs, need the same grain directory:
    /// <c>AddDistributedGrainDirectory()</c>. Use <see cref="OrleansRunsAdoNetExtensions.AddOrleansRunsPostgres"/> on a silo whose
    /// cluster is set up otherwise. Values of <see cref="ClusterMembershipOptions"/> and <see cref="GrainDirectoryOptions"/> that the
    /// program configures itself win, before this call or after it.
    /// </remarks>
    public static ISiloBuilder UseOrleansRunsPostgres(this ISiloBuilder builder, Action<PostgresRunsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddOrleansRunsPostgres(configure);
        builder.UseAdoNetClustering(options => options.Configure<IDatabase>((clustering, database) =>
        {
            clustering.Invariant = PostgresDatabase.Invariant;
            clustering.DataSource = database.Source;
        }));
        builder.Services.ConfigureFirst<ClusterMembershipOptions>(FailureDetection.Configure);
        builder.Services.ConfigureFirst<GrainDirectoryOptions>(FailureDetection.Configure);
#pragma warning disable ORLEANSEXP003 // With the default directory the graceful stop of one silo took half of the grains on the others.
        return builder.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
    }

    /// <summary>
    /// Finds the cluster whose silos use <see cref="UseOrleansRunsPostgres(ISiloBuilder, Action{PostgresRunsOptions})"/> on a database.
    /// </summary>
    /// <param name="builder">The client. Its cluster id has to be the silos'.</param>
    /// <param name="connectionString">The connection string. The client only reads which silos there are.</param>
    public static IClientBuilder UseOrleansRunsPostgres(this IClientBuilder builder, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = PostgresDatabase.SchemaName };
        return builder.UseAdoNetClustering(options =>
            (options.Invariant, options.ConnectionString) = (PostgresDatabase.Invariant, settings.ConnectionString));
    }

    /// <summary>Configures options before anybody else does, so that whatever the program says of them itself wins.</summary>
    private static void ConfigureFirst<TOptions>(this IServiceCollection services, Action<TOptions> configure)
        where TOptions : class =>
        services.Insert(
            0, ServiceDescriptor.Singleton<IConfigureOptions<TOptions>>(new ConfigureOptions<TOptions>(configure)));
}
