using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

public sealed class SqliteDatabaseTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-");

    private string PathOfFile => Path.Combine(_folder.FullName, "runs.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task OpenAsync_FolderIsMissing_IsMade()
    {
        var file = Path.Combine(_folder.FullName, "a", "b", "runs.db");

        await using (var host = await StartAsync(file))
        {
            await AppendAsync(host, 0);
        }

        Assert.True(File.Exists(file));
    }

    [Fact]
    public async Task OpenAsync_HeldByAnotherProcess_SaysWhatToDo()
    {
        using var holder = SecondProcess();
        Assert.Equal("open", await SaysAsync(holder));

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(PathOfFile));

        Assert.Equal(
            $"SQLite file '{PathOfFile}' is in use by another process, and SQLite serves one silo only. Stop that process, name another "
            + "file, or use PostgreSQL (UseOrleansRunsPostgres) for several silos.",
            exception.Message);
        holder.StandardInput.Close();
        await holder.WaitForExitAsync().WithinAsync("the other process's end");
        await using var host = await StartAsync(PathOfFile);
    }

    [Fact]
    public async Task OpenAsync_HeldByUs_RefusesAnotherProcess()
    {
        await using var host = await StartAsync(PathOfFile);

        using var second = SecondProcess();

        Assert.Contains("is in use by another process", await SaysAsync(second), StringComparison.Ordinal);
        second.StandardInput.Close();
        await second.WaitForExitAsync().WithinAsync("the other process's end");
        await AppendAsync(host, 0);
    }

    [Fact]
    public async Task OpenAsync_HolderWasKilled_IsFree()
    {
        using var holder = SecondProcess();
        Assert.Equal("open", await SaysAsync(holder));
        holder.Kill();
        await holder.WaitForExitAsync().WithinAsync("the other process's end");

        await using var host = await StartAsync(PathOfFile);

        await AppendAsync(host, 0);
    }

    [Fact]
    public async Task OpenAsync_TwiceInOneProcess_IsRefused()
    {
        await using var host = await StartAsync(PathOfFile);

        await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(PathOfFile));
    }

    [Fact]
    public async Task OpenAsync_DatabaseOfAnotherProgram_IsLeftAsItIs()
    {
        await using (var theirs = SqliteFactory.Instance.CreateDataSource($"Data Source={PathOfFile};Pooling=false"))
        await using (var connection = await theirs.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("create table runs (distance integer)");
        }

        var before = await File.ReadAllBytesAsync(PathOfFile);

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(PathOfFile));

        Assert.Contains("is the database of another program", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(PathOfFile));
    }

    [Fact]
    public async Task OpenAsync_NewerDatabase_IsLeftAsItIs()
    {
        await using (await StartAsync(PathOfFile))
        {
        }

        File.Delete(PathOfFile + ".lock");
        await using (var newer = SqliteFactory.Instance.CreateDataSource($"Data Source={PathOfFile};Pooling=false"))
        await using (var connection = await newer.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("insert into schema_versions values (999, 999, 'later')");
        }

        var before = await File.ReadAllBytesAsync(PathOfFile);

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(PathOfFile));

        Assert.Contains("has schema 999", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(PathOfFile));
        Assert.Equal([PathOfFile], Directory.GetFiles(Path.GetDirectoryName(PathOfFile)!));
    }

    [Fact]
    public async Task OpenAsync_NotADatabase_IsLeftAsItIs()
    {
        var text = string.Join('\n', Enumerable.Repeat("This is a text, and a long one.", 100));
        await File.WriteAllTextAsync(PathOfFile, text);

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(PathOfFile));

        Assert.Equal(
            $"SQLite file '{PathOfFile}' is no SQLite database. Name another file, or move this one away; it was not changed.",
            exception.Message);
        Assert.Equal(text, await File.ReadAllTextAsync(PathOfFile));
        File.Delete(PathOfFile);
        await using var host = await StartAsync(PathOfFile);
    }

    [Fact]
    public async Task OpenAsync_FileIsAFolder_SaysWhatToDo()
    {
        Directory.CreateDirectory(PathOfFile);

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(PathOfFile));

        Assert.Contains($"SQLite file '{PathOfFile}' cannot be opened: ", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith("Name a file that this program may write.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_FolderIsAFile_SaysWhatToDo()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "a"), "");
        var file = Path.Combine(_folder.FullName, "a", "runs.db");

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(file));

        Assert.Contains($"SQLite file '{file}' cannot be opened: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CloseAsync_WhatWasWritten_StandsInTheFileAlone()
    {
        await using (var host = await StartAsync(PathOfFile))
        {
            await AppendAsync(host, 0);
        }

        // Neither the write-ahead log nor its index is left, so that the one file may be copied or moved.
        Assert.Equal(["runs.db", "runs.db.lock"], _folder.GetFiles().Select(file => file.Name).Order());
    }

    [Fact]
    public async Task Reader_WhileAnotherWrites_SeesWhatIsCommitted()
    {
        await using var host = await StartAsync(PathOfFile);
        await AppendAsync(host, 0);
        await using var reader = Reader(PathOfFile);
        await reader.GetRequiredService<RunsReader>().OpenAsync();
        var log = reader.GetRequiredService<IThreadLogStore>();

        var before = await log.ReadLineAsync("log", null, None);
        await AppendAsync(host, 1);
        var after = await log.ReadLineAsync("log", null, None);

        Assert.Equal((1, 2), (before.Length, after.Length));
        await Assert.ThrowsAsync<InvalidOperationException>(() => log.AppendAsync("log", 2, Entry("run-1/1/2"), None));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
            () => reader.GetRequiredService<IRunCatalog>().TakeSlotAsync("thread", "digest", "edit-1", None));
    }

    [Fact]
    public async Task Reader_NobodyWrites_SeesWhatIsThere()
    {
        await using (var host = await StartAsync(PathOfFile))
        {
            await AppendAsync(host, 0);
        }

        await using var reader = Reader(PathOfFile);
        await reader.GetRequiredService<RunsReader>().OpenAsync();

        Assert.Single(await reader.GetRequiredService<IThreadLogStore>().ReadLineAsync("log", null, None));
    }

    [Fact]
    public async Task Reader_NoFile_SaysWhatToDo()
    {
        await using var reader = Reader(PathOfFile);

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(
            () => reader.GetRequiredService<RunsReader>().OpenAsync());

        Assert.Equal(
            $"There is no SQLite file '{PathOfFile}'. Name the file of an earlier run, or run a graph first.", exception.Message);
        Assert.False(File.Exists(PathOfFile));
    }

    [Fact]
    public async Task Reader_DatabaseOfAnotherProgram_SaysWhatToDo()
    {
        await using (var database = new SqliteDatabase(PathOfFile))
        {
            await database.OpenAsync(None);
            await using var connection = await database.Source.OpenConnectionAsync();
            await connection.ExecuteAsync("create table other (id integer)");
        }

        await using var reader = Reader(PathOfFile);

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(
            () => reader.GetRequiredService<RunsReader>().OpenAsync());

        Assert.StartsWith($"SQLite file '{PathOfFile}' holds no runs: ", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith("Name the database of an earlier run, or run a graph first.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppendAsync_LimitOfTheLogIsConfigured_RefusesWhatIsOverIt()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create($"{ThreadLogOptions.Section}:MaxEntryBytes", (string?)"2048")])
            .Build();
        await using var host = await StartAsync(PathOfFile, silo => silo.Services.AddSingleton<IConfiguration>(configuration));

        var exception = await Assert.ThrowsAsync<LogEntryTooLargeException>(
            () => host.Log.AppendAsync("log", 0, Entry("run-1/1/0", isBase: true, Checkpoint(new string('x', 2048))), None));

        Assert.Contains("the limit is 2,048", exception.Message, StringComparison.Ordinal);
    }

    private static Task<StoreHost> StartAsync(string file, Action<ISiloBuilder>? configure = null) => StoreHost.StartAsync(silo =>
    {
        silo.UseOrleansRunsSqlite(options => options.File = file);
        configure?.Invoke(silo);
    });

    private static ServiceProvider Reader(string file) =>
        new ServiceCollection().AddLogging().AddOrleansRunsSqliteReader(file).BuildServiceProvider();

    private static async Task AppendAsync(StoreHost host, long position) => Assert.True(
        (await host.Log.AppendAsync("log", position, Entry($"run-1/1/{position}", isBase: position == 0), None)).IsAppended);

    private static async Task<string?> SaysAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().WithinAsync("what the other process says");

    private Process SecondProcess() => Process.Start(
        new ProcessStartInfo("dotnet", ["exec", typeof(SqliteDatabaseTests).Assembly.Location, PathOfFile])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
