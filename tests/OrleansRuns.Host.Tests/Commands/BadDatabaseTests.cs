using Microsoft.Data.Sqlite;

namespace OrleansRuns.Host.Tests;

/// <summary>Whatever is wrong with a database, the program says what, where and what to do, exits with 2 and changes nothing.</summary>
public sealed class BadDatabaseTests
{
    private static readonly (string Name, string[] Arguments, string[] Parts)[] Rows =
    [
        ("nothing to resume", ["run", "digest", "--resume", "--db", "new.db"], ["new.db", "run a graph first"]),
        ("list of a missing database", ["threads", "--db", "nowhere.db"], ["nowhere.db", "run a graph first"]),
        ("missing database", ["history", "done", "--db", "nowhere.db"], ["nowhere.db", "run a graph first"]),
        ("two databases", ["history", "done", "--db", "a.db", "--postgres", "Host=b"], ["--db and --postgres", "Name one"]),
        ("no place for a file", ["run", "digest", "--input", """{"folder":"texts"}""", "--db", "/proc/no.db"], ["cannot be opened"]),
        ("damaged log", ["show", "done", "--db", "damaged.db"], ["The entry at position", "cannot be read", "backup"]),
        ("damaged log in a list", ["history", "done", "--db", "damaged.db"], ["The entry at position", "backup"]),
        ("damaged log to go on with", ["run", "digest", "--resume", "--db", "damaged.db"], ["The entry at position", "backup"]),
        (
            "damaged log to start on",
            ["run", "digest", "--thread", "done", "--input", """{"folder":"."}""", "--db", "damaged.db"],
            ["The entry at position", "backup"]),
        ("log in disorder", ["history", "done", "--db", "disorder.db"], ["The log of thread 'done' cannot be read", "doctor"]),
        ("database without a table", ["threads", "--db", "robbed.db"], ["no such table: threads", "Examine it"]),
        ("not a database", ["run", "digest", "--input", """{"folder":"."}""", "--db", "text.txt"], ["text.txt", "no SQLite database"]),
        ("not a database to look at", ["show", "done", "--db", "text.txt"], ["text.txt", "no SQLite database"]),
        ("newer database", ["run", "digest", "--input", """{"folder":"."}""", "--db", "newer.db"], ["newer.db", "Use a newer program"]),
        ("newer database to look at", ["threads", "--db", "newer.db"], ["newer.db", "Use a newer program"]),
        ("foreign database", ["run", "digest", "--input", """{"folder":"."}""", "--db", "other.db"], ["other.db", "another program"]),
        ("foreign database to look at", ["threads", "--db", "other.db"], ["other.db", "run a graph first"]),
    ];

    [Fact]
    public async Task BadDatabase_OfEveryKind_IsToldAndChangesNothing()
    {
        using var program = new HostProgram();
        program.Write("text.txt", "This is no database, although it is long enough to be mistaken for one by its first bytes.");
        program.Write("texts/a.txt", "One two.");
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "done", "--input", """{"folder":"texts"}""");
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--db", "newer.db", "--input", """{"folder":"texts"}""");
        await ExecuteAsync(program.PathOf("newer.db"), "insert into schema_versions values (9999, 9999, 'now')");
        await ExecuteAsync(program.PathOf("other.db"), "create table threads (id integer); insert into threads values (7)");
        foreach (var name in (string[])["damaged.db", "disorder.db", "robbed.db"])
        {
            File.Copy(program.Database, program.PathOf(name));
        }

        await ExecuteAsync(program.PathOf("damaged.db"), "update orleansstorage set payloadbinary = x'7b22'");
        await ExecuteAsync(program.PathOf("disorder.db"), "update orleansstorage set graintypestring = 'base'");
        await ExecuteAsync(program.PathOf("robbed.db"), "pragma foreign_keys = off; drop table threads");
        var before = await program.RunAsync("history", "done", "--json");

        var problems = await BadUsage.FindProblemsAsync(program, Rows);

        Assert.Empty(problems);
        Assert.Equal(before.Output, (await program.RunAsync("history", "done", "--json")).Output);
        Assert.Equal(1L, await ExecuteAsync(program.PathOf("newer.db"), "select count(*) from runs"));
        Assert.Equal(1L, await ExecuteAsync(program.PathOf("other.db"), "select count(*) from sqlite_master"));
        Assert.Equal("This is no database", (await File.ReadAllTextAsync(program.PathOf("text.txt")))[..19]);
    }

    [Fact]
    public async Task Run_WhileAnotherProcessHoldsTheFile_IsRefusedButLookingIsNot()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "t", "--input", """{"folder":"texts"}""");
        await using var server = program.Start();
        await server.ReadLineAsync();

        var second = await program.RunAsync("run", "digest", "--input", """{"folder":"texts"}""");
        var look = await program.RunAsync("history", "t");

        Assert.Equal(ExitCode.BadUsage, second.ExitCode);
        Assert.Contains("in use by another process", second.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, look.ExitCode);
        Assert.Equal(5, look.Lines.Count);
    }

    private static async Task<object?> ExecuteAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }
}
