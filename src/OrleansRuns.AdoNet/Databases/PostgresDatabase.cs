using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansRuns.AdoNet;

/// <summary>A PostgreSQL database: any number of silos.</summary>
internal sealed partial class PostgresDatabase : IDatabase
{
    /// <summary>The schema that holds everything, so that an application's own tables stay untouched.</summary>
    internal const string SchemaName = "orleansruns";

    /// <summary>The name by which Orleans finds the provider.</summary>
    internal const string Invariant = "Npgsql";

    /// <summary>The key of the advisory lock under which migrations are applied; any number that no other program uses.</summary>
    private const long SchemaLock = 0x4F52_4C52_554E_53;

    /// <summary>How long work waits for a connection, in seconds.</summary>
    private const int BurstTimeout = 60;

    /// <summary>How long a transaction may wait for its client before the server ends it, in milliseconds.</summary>
    /// <remarks>
    /// A silo that stands still or is cut off between a statement and its commit holds the rows of its run locked. Without this bound
    /// nobody could take the run over until the silo goes on, or until the server gives its connection up, which takes hours.
    /// </remarks>
    private const int SilentTransactionTimeout = 5_000;

    /// <summary>How long a silo that starts waits before it tries again to reach a server that is away.</summary>
    private static readonly TimeSpan StartPause = TimeSpan.FromSeconds(1);

    private readonly PostgresRunsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<PostgresDatabase> _logger;

    internal PostgresDatabase(
        PostgresRunsOptions options, TimeProvider time, ILogger<PostgresDatabase> logger, bool isReadOnly = false)
    {
        _time = time;
        _logger = logger;
        _options = options;
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            SearchPath = SchemaName,
            MaxPoolSize = options.MaxConnections,
            MaxAutoPrepare = options.MaxAutoPrepare,
            AutoPrepareMinUsages = 2,
        };
        // In front of the user's own options: of two that set the same, the later one counts.
        settings.Options = $"-c idle_in_transaction_session_timeout={SilentTransactionTimeout} {settings.Options}".TrimEnd();
        if (!settings.ContainsKey(nameof(settings.Timeout)))
        {
            // It also bounds the wait for a connection, and a burst of starts may wait longer than connecting may take.
            settings.Timeout = BurstTimeout;
        }

        if (isReadOnly)
        {
            // The server itself refuses what would change anything.
            settings.Options = $"{settings.Options} -c default_transaction_read_only=on".Trim();
        }

        DisplayName = $"PostgreSQL database '{settings.Database}' on '{settings.Host}:{settings.Port}'";
        Source = new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    public DbDataSource Source { get; }

    public string ScriptFolder => "postgres";

    public string DisplayName { get; }

    public bool HasClock => true;

    public Task<T> WriteAsync<T>(Func<Task<T>> work) => work();

    public Task<T> ReadAsync<T>(Func<Task<T>> work) => work();

    public async Task<DbTransaction> LockSchemaAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Released with the transaction, also when this process dies.
        await connection.ExecuteAsync($"select pg_advisory_xact_lock({SchemaLock})", SchemaMigrator.Timeout, cancellationToken);
        await connection.ExecuteAsync($"create schema if not exists {SchemaName}");
        return transaction;
    }

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        for (var began = _time.GetTimestamp(); ; await Task.Delay(StartPause, _time, cancellationToken))
        {
            try
            {
                await CheckAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException exception)
                when (exception.IsTransient && _time.GetElapsedTime(began) + StartPause < _options.StartTimeout)
            {
                LogAway(DisplayName, exception.Message, _options.StartTimeout);
            }
            catch (NpgsqlException exception)
            {
                throw new OrleansConfigurationException(
                    $"{DisplayName} cannot be opened. Check the connection string, and whether the server runs: {exception.Message}",
                    exception);
            }
        }
    }

    public Task AbandonAsync() => Task.CompletedTask;

    public Task CloseAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        await using var connection = await Source.OpenConnectionAsync(cancellationToken);
        var commit = await connection.ScalarAsync<string>("show synchronous_commit");
        if (commit == "off" && !_options.AllowAsynchronousCommit)
        {
            throw new OrleansConfigurationException(
                $"{DisplayName} has synchronous_commit = off, which may lose commits that were answered. Set it to on for this "
                + "database or role, or set AllowAsynchronousCommit to accept the loss.");
        }
    }

    [LoggerMessage(3800, LogLevel.Warning, "{Database} cannot be reached: {Reason} The silo tries again for up to {Timeout}.")]
    private partial void LogAway(string database, string reason, TimeSpan timeout);
}
