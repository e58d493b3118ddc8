using System.ComponentModel;
using System.Diagnostics;

namespace OrleansRuns.TestKit;

/// <summary>A private PostgreSQL server, which can be made to have faults.</summary>
/// <remarks>
/// The server ends when its standard input does. The pipe's other end is held here until this process is gone, however it goes, so a
/// test host that is killed leaves neither a server nor a folder behind.
/// </remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Script = "tests/OrleansRuns.TestKit/Postgres/serve.sh";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private bool _isDisposed;

    private PostgresServer(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Gets the connection string of the server's maintenance database.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>Starts a server.</summary>
    /// <exception cref="InvalidOperationException">It could not be started.</exception>
    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer(Start());
        server.ConnectionString = await server.ReadAsync("the private PostgreSQL to start");
        return server;
    }

    /// <summary>Stops the server and starts it again on its port, as an operator does; clients lose their connections.</summary>
    /// <param name="isImmediate">Whether it stops without a word, as in a crash.</param>
    public Task RestartAsync(bool isImmediate) => HaveAsync(isImmediate ? "restart immediate" : "restart fast");

    /// <summary>Lets the server stand still, as an overloaded machine does; connections stay.</summary>
    /// <param name="seconds">How long.</param>
    public Task StallAsync(int seconds) => HaveAsync($"stall {seconds}");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WithinAsync("the private PostgreSQL to stop", Bound);
        _process.Dispose();
    }

    private async Task HaveAsync(string fault)
    {
        await _process.StandardInput.WriteLineAsync(fault);
        await _process.StandardInput.FlushAsync();
        await ReadAsync($"the private PostgreSQL to {fault}");
    }

    private async Task<string> ReadAsync(string waitingFor) =>
        await _process.StandardOutput.ReadLineAsync().WithinAsync(waitingFor, Bound)
        ?? throw new InvalidOperationException($"The private PostgreSQL ended: {await _errors.WithinAsync("its last words")}");

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
                $"The private PostgreSQL needs bash. Without it, set {PostgresTestServer.ConnectionStringVariable} to a connection string.",
                exception);
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
