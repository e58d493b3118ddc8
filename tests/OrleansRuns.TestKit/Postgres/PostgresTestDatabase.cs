using Npgsql;

namespace OrleansRuns.TestKit;

/// <summary>An empty PostgreSQL database of one test or test class. Disposing drops it, whoever is still connected.</summary>
public sealed class PostgresTestDatabase : IAsyncDisposable
{
    private readonly string _server;

    private PostgresTestDatabase(string server, string name)
    {
        _server = server;
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = name, IncludeErrorDetail = true }.ConnectionString;
    }

    /// <summary>Gets the name, unique on the server.</summary>
    public string Name { get; }

    /// <summary>Gets the connection string, its role the owner of the database.</summary>
    public string ConnectionString { get; }

    /// <summary>Creates a database on the server that <c>ORLEANSRUNS_TEST_POSTGRES</c> names, else on a private one.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The database, without a table.</returns>
    /// <exception cref="InvalidOperationException">No server is configured and none could be started.</exception>
    public static async Task<PostgresTestDatabase> CreateAsync(CancellationToken cancellationToken = default)
    {
        return await CreateAsync(await PostgresTestServer.ConnectionStringAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Creates a database on a server.</summary>
    /// <param name="server">The connection string of its maintenance database; its role may create databases.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public static async Task<PostgresTestDatabase> CreateAsync(string server, CancellationToken cancellationToken = default)
    {
        // Of a prefix of its own, so that what a killed test leaves on a shared server is recognised.
        var database = new PostgresTestDatabase(server, $"orleansruns_test_{Guid.NewGuid():N}");
        await database.ExecuteOnServerAsync($"CREATE DATABASE {database.Name}", cancellationToken);
        return database;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() =>
        await ExecuteOnServerAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)", CancellationToken.None);

    private async Task ExecuteOnServerAsync(string sql, CancellationToken cancellationToken)
    {
        // Not pooled: an idle connection would outlive the test for no use.
        var connectionString = new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString;
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await using var command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
