using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace OrleansRuns.Host;

/// <summary>The database that the command line names: a SQLite file for one silo, or a PostgreSQL database for any number.</summary>
/// <param name="File">The file; not used when there is a connection string.</param>
/// <param name="ConnectionString">The connection string of the PostgreSQL database.</param>
/// <param name="Option">
/// The option to name it by again, without a password; <see langword="null"/> for the usual one.
/// </param>
internal sealed record RunsDatabase(FileInfo File, string? ConnectionString, string? Option)
{
    /// <summary>The environment variable that stands for the option --postgres, named as .NET's configuration names it.</summary>
    internal const string Variable = "ConnectionStrings__OrleansRuns";

    /// <summary>Gets a name that may stand in a message: no password.</summary>
    internal string DisplayName => ConnectionString is null
        ? $"'{File.FullName}'"
        : new NpgsqlConnectionStringBuilder(ConnectionString) is var settings
            ? $"PostgreSQL database '{settings.Database}' on '{settings.Host}:{settings.Port}'"
            : "";

    /// <summary>Reads which database the command line names.</summary>
    /// <exception cref="UsageException">It names two, or a connection string that is none.</exception>
    internal static RunsDatabase Of(ParseResult parsed)
    {
        var isFileNamed = parsed.GetResult(CommandLine.Database) is { Implicit: false };
        var file = parsed.GetRequiredValue(CommandLine.Database);
        var named = parsed.GetValue(CommandLine.Postgres);
        if (named is not null && isFileNamed)
        {
            throw new UsageException("--db and --postgres name two databases. Name one.");
        }

        var connectionString = named ?? (isFileNamed ? null : Environment.GetEnvironmentVariable(Variable));
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            return new RunsDatabase(file, null, isFileNamed ? $"--db {CommandText.Quote(file.ToString())}" : null);
        }

        Check(connectionString, named is null ? Variable : CommandLine.Postgres.Name);
        return new RunsDatabase(file, connectionString, named is null ? null : "--postgres '<as before>'");
    }

    /// <summary>Adds what looks at the database while others write to it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="canRepair">Whether its rows may be changed; no other process may use a file then.</param>
    internal void AddReader(IServiceCollection services, bool canRepair)
    {
        if (ConnectionString is null)
        {
            services.AddOrleansRunsSqliteReader(File.FullName, canRepair);
        }
        else
        {
            services.AddOrleansRunsPostgresReader(ConnectionString, canRepair);
        }
    }

    private static void Check(string connectionString, string source)
    {
        try
        {
            if (new NpgsqlConnectionStringBuilder(connectionString).Host is { Length: > 0 })
            {
                return;
            }
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(
                $"{source} is no connection string: {exception.Message} Use 'Host=...;Database=...;Username=...;Password=...'.");
        }

        throw new UsageException($"{source} names no host. Use 'Host=...;Database=...;Username=...;Password=...'.");
    }
}
