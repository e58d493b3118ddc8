using Microsoft.Extensions.Logging.Abstractions;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Makes PostgreSQL databases as a silo has them, without the silo.</summary>
internal static class PostgresDatabases
{
    internal static PostgresDatabase Create(string connectionString) => new(
        new PostgresRunsOptions { ConnectionString = connectionString },
        TimeProvider.System,
        NullLogger<PostgresDatabase>.Instance);
}
