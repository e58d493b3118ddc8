using System.ComponentModel;
using System.Diagnostics;

namespace OrleansRuns.TestKit;

/// <summary>The PostgreSQL server of this test process: the one the environment names, else a private one started on first use.</summary>
/// <remarks>
/// The private server ends when its standard input does. The pipe's other end is held here until this process is gone,
/// however it goes, so a test host that is killed leaves neither a server nor a folder behind.
/// </remarks>
internal static class PostgresTestServer
{
    /// <summary>The environment variable with the connection string of a server whose role may create databases.</summary>
    internal const string ConnectionStringVariable = "ORLEANSRUNS_TEST_POSTGRES";

    private const string Script = "tests/OrleansRuns.TestKit/Postgres/serve.sh";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);
    private static readonly Lazy<Task<string>> ConnectionString = new(FindOrStartAsync);
    private static Process? _server;

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

        _server = Start();
        var errors = _server.StandardError.ReadToEndAsync();
        return await _server.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout)
            ?? throw new InvalidOperationException($"The private PostgreSQL did not start: {await errors.WaitAsync(StartTimeout)}");
    }

    private static Process Start()
    {
        // Every stream is redirected: a stream shared with the test host would keep the runner waiting for its end.
        var start = new ProcessStartInfo("bash", [Path.Combine(FindRoot(), Script)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException(
                $"The private PostgreSQL needs bash. Without it, set {ConnectionStringVariable} to a connection string.", exception);
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Script)))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No '{Script}' above '{AppContext.BaseDirectory}'.");
    }
}
