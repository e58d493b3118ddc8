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
    private const string Runs = "32";

    [Fact]
    public async Task ScaleIn_OnAPrivateServer_TellsOfEveryRunAndLeavesNothingBehind()
    {
        using var program = new HostProgram();

        var end = await program.RunAsync("demo", "scale-in", "--runs", Runs);

        var rows = AssertNothingIsLost(end);
        Assert.Contains(rows, row => row.Contains("handed off to", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("recovered by silo 3", StringComparison.Ordinal));
        Assert.Empty(ProcessesIn(program.Folder));
        using var socket = new TcpClient();
        var port = int.Parse(Port().Match(end.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, port));
    }

    [Fact]
    public async Task ScaleIn_OnAGivenServer_TellsOfEveryRunAndLeavesTheServerAsItWas()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();

        var end = await program.RunAsync("demo", "scale-in", "--runs", Runs, "--postgres", database.ConnectionString);

        AssertNothingIsLost(end);
        Assert.Empty(ProcessesIn(program.Folder));
        Assert.Equal(0, await CountAsync(database, $"from pg_database where datname = '{DatabaseIn(end.Output)}'"));
        // What the named database itself has is its owner's.
        Assert.Equal(0, await CountAsync(database, "from pg_namespace where nspname = 'orleansruns'"));
        Assert.Equal(0, await CountAsync(database, "from pg_class where relnamespace = 'public'::regnamespace"));
    }

    [Fact]
    public async Task ScaleIn_CtrlC_LeavesNeitherASiloNorADatabase()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        await using var demo = program.Start("demo", "scale-in", "--postgres", database.ConnectionString);
        var name = DatabaseIn(await demo.ReadLineAsync());
        var silos = ProcessesIn(program.Folder);

        demo.Interrupt();
        var end = await demo.EndAsync();

        Assert.True(end.ExitCode == ExitCode.Interrupted, end.Output + end.Errors);
        Assert.Equal(4, silos.Count);
        Assert.Empty(ProcessesIn(program.Folder));
        Assert.Equal(0, await CountAsync(database, $"from pg_database where datname = '{name}'"));
    }

    [Fact]
    public async Task ScaleIn_NoSuchServer_SaysWhatToInstall()
    {
        using var program = new HostProgram();

        var end = await program.RunAsync("demo", "scale-in", "--postgres", "Host=127.0.0.1;Port=1;Database=x;Username=y");

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains("Install the package 'postgresql'", end.Errors, StringComparison.Ordinal);
    }

    /// <summary>Checks what the demonstration says of its runs.</summary>
    /// <returns>The rows of its table.</returns>
    private static List<string> AssertNothingIsLost(ProgramEnd end)
    {
        Assert.True(end.ExitCode == ExitCode.Success, end.Output + end.Errors);
        var rows = end.Lines.Where(line => Row().IsMatch(line)).ToList();
        Assert.Equal(Runs, $"{rows.Count}");
        Assert.All(rows, row => Assert.Contains(" success ", row, StringComparison.Ordinal));
        Assert.Contains(end.Lines, line => line.StartsWith($"{Runs} runs: ", StringComparison.Ordinal));
        Assert.Contains(end.Lines, line => line.StartsWith("No checkpoint lost: all ", StringComparison.Ordinal));
        Assert.Contains(end.Lines, line => line.StartsWith("Every status true: ", StringComparison.Ordinal));
        return rows;
    }

    /// <summary>Reads which database of a server the demonstration has made.</summary>
    private static string DatabaseIn(string? output)
    {
        var name = Database().Match(output ?? "").Value;
        Assert.NotEmpty(name);
        return name;
    }

    private static async Task<long> CountAsync(PostgresTestDatabase database, string what)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand($"select count(*) {what}");
        return (long)(await command.ExecuteScalarAsync())!;
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
