using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Npgsql;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The demonstration, as a user starts it.</summary>
public sealed partial class ScaleInDemoTests
{
    [Fact]
    public async Task ScaleIn_OnAPrivateServer_TellsOfEveryRunAndLeavesNothingBehind()
    {
        using var program = new HostProgram();

        var end = await program.RunAsync("demo", "scale-in", "--runs", "32");

        Assert.True(end.ExitCode == ExitCode.Success, end.Output + end.Errors);
        var rows = end.Lines.Where(line => Row().IsMatch(line)).ToList();
        Assert.Equal(32, rows.Count);
        Assert.All(rows, row => Assert.Contains(" success ", row, StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("handed off to", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("recovered by silo 3", StringComparison.Ordinal));
        Assert.Contains(end.Lines, line => line.StartsWith("32 runs: ", StringComparison.Ordinal));
        Assert.Contains(end.Lines, line => line.StartsWith("No checkpoint lost: all ", StringComparison.Ordinal));
        Assert.Contains(end.Lines, line => line.StartsWith("Every status true: ", StringComparison.Ordinal));
        Assert.Empty(ProcessesIn(program.Folder));
        using var socket = new TcpClient();
        var port = int.Parse(Port().Match(end.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, port));
    }

    [Fact]
    public async Task ScaleIn_CtrlC_LeavesNeitherASiloNorADatabase()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        await using var demo = program.Start("demo", "scale-in", "--postgres", database.ConnectionString);
        var line = await demo.ReadLineAsync();
        var name = Database().Match(line ?? "").Value;
        var silos = ProcessesIn(program.Folder);

        demo.Interrupt();
        var end = await demo.EndAsync();

        Assert.True(end.ExitCode == ExitCode.Interrupted, end.Output + end.Errors);
        Assert.Equal(4, silos.Count);
        Assert.Empty(ProcessesIn(program.Folder));
        Assert.NotEmpty(name);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand($"select count(*) from pg_database where datname = '{name}'");
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task ScaleIn_NoSuchServer_SaysWhatToInstall()
    {
        using var program = new HostProgram();

        var end = await program.RunAsync("demo", "scale-in", "--postgres", "Host=127.0.0.1;Port=1;Database=x;Username=y");

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains("Install the package 'postgresql'", end.Errors, StringComparison.Ordinal);
    }

    /// <summary>Finds the processes that work in a folder: a program and all it has started there.</summary>
    private static List<string> ProcessesIn(string folder) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _)
            && WorksIn(process, folder)),
    ];

    private static bool WorksIn(string process, string folder)
    {
        try
        {
            return new DirectoryInfo(Path.Combine(process, "cwd")).LinkTarget == folder;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile, or is another user's.
            return false;
        }
    }

    [GeneratedRegex(@"^\s+[0-9a-f-]{36}\s+order-\d+\s+silo [123]\s")]
    private static partial Regex Row();

    [GeneratedRegex(@"a private PostgreSQL on port (\d+)")]
    private static partial Regex Port();

    [GeneratedRegex("orleansruns_demo_[0-9a-f]+")]
    private static partial Regex Database();
}
