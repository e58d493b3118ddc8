namespace OrleansRuns.TestKit;

/// <summary>The PostgreSQL server of this test process: the one the environment names, else a private one started on first use.</summary>
internal static class PostgresTestServer
{
    /// <summary>The environment variable with the connection string of a server whose role may create databases.</summary>
    internal const string ConnectionStringVariable = "ORLEANSRUNS_TEST_POSTGRES";

    private static readonly Lazy<Task<string>> ConnectionString = new(FindOrStartAsync);

    // Held for as long as this process lives: the server ends with it.
    private static PostgresServer? _server;

    /// <summary>Returns the connection string of the server's maintenance database.</summary>
    /// <exception cref="InvalidOperationException">No server is configured and none could be started.</exception>
    internal static Task<string> ConnectionStringAsync(CancellationToken cancellationToken) =>
        ConnectionString.Value.WaitAsync(cancellationToken);

    private static async Task<string> FindOrStartAsync()
    {
        var configured = Environment.GetEnvironmentVariable(ConnectionStringVariable);
        if (!string.IsNullOrWhiteSpace(configured))
        {
            return configured;
        }

        _server = await PostgresServer.StartAsync();
        return _server.ConnectionString;
    }
}
