using System.ComponentModel;
using System.Diagnostics;
using Npgsql;

namespace OrleansRuns.Host;

/// <summary>An empty database of a demonstration, on a server that is named or on a private one. Disposing leaves nothing behind.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    private const string Install =
        "Install the package 'postgresql' (such as by 'apt-get install postgresql'), or name a server with --postgres whose role may "
        + "create databases.";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Process? _process;
    private readonly string _server;
    private readonly string _name = $"orleansruns_demo_{Guid.NewGuid():N}";

    private DemoServer(string server, Process? process)
    {
        (_server, _process) = (server, process);
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = _name }.ConnectionString;
    }

    /// <summary>Gets the database.</summary>
    internal string ConnectionString { get; }

    /// <summary>Gets what to call the server.</summary>
    internal string DisplayName => new NpgsqlConnectionStringBuilder(_server) is var settings && _process is null
        ? $"database '{_name}' on '{settings.Host}:{settings.Port}'"
        : $"a private PostgreSQL on port {settings.Port}";

    /// <summary>Makes the database.</summary>
    /// <param name="server">The connection string of a server; <see langword="null"/> to start a private one.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UsageException">There is no PostgreSQL here, or the server does not let a database be made.</exception>
    internal static async Task<DemoServer> StartAsync(string? server, CancellationToken cancellationToken)
    {
        var process = server is null ? Launch() : null;
        try
        {
            var made = new DemoServer(server ?? await ReadAsync(process!, cancellationToken), process);
            await made.SendAsync($"create database {made._name}");
            return made;
        }
        catch (Exception exception)
        {
            if (process is not null)
            {
                await EndAsync(process);
            }

            throw exception is NpgsqlException
                ? new UsageException($"No database could be made: {exception.Message} {Install}")
                : exception;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await EndAsync(_process);
            return;
        }

        await SendAsync($"drop database if exists {_name} with (force)");
    }

    private static Process Launch()
    {
        using var script = new StreamReader(
            typeof(DemoServer).Assembly.GetManifestResourceStream("OrleansRuns.Host.Demo.postgres.sh")!);
        var text = script.ReadToEnd();
        var start = new ProcessStartInfo("bash", ["-c", text])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SERVE_SCRIPT"] = text;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new UsageException($"A private PostgreSQL needs bash: {exception.Message}. {Install}");
        }
    }

    private static async Task<string> ReadAsync(Process process, CancellationToken cancellationToken)
    {
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken).AsTask()
            .WaitAsync(Bound, TimeProvider.System, cancellationToken);
        return line ?? throw new UsageException($"{(await errors).Trim()} {Install}");
    }

    private static async Task EndAsync(Process process)
    {
        process.StandardInput.Close();
        using (process)
        {
            await process.WaitForExitAsync().WaitAsync(Bound, TimeProvider.System);
        }
    }

    private async Task SendAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_server) { Pooling = false });
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
