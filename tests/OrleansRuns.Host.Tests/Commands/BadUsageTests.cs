using System.Text;
using Microsoft.Data.Sqlite;

namespace OrleansRuns.Host.Tests;

/// <summary>Whatever is wrong, the program says what, where and what to do, exits with 2 and changes nothing.</summary>
public sealed class BadUsageTests
{
    public static TheoryData<string, string[], string[]> Rows => new()
    {
        { "unknown command", ["rum"], ["'rum'", "--help"] },
        { "unknown option", ["run", "digest", "--imput", "{}"], ["--imput", "run --help"] },
        { "unknown graph", ["run", "nothing", "--input", "{}"], ["no graph 'nothing'", "digest"] },
        { "unknown graph to draw", ["draw", "nothing"], ["no graph 'nothing'", "digest"] },
        { "unknown graph to resume", ["run", "nothing", "--resume"], ["no graph 'nothing'", "digest"] },
        { "malformed input", ["run", "digest", "--input", "{\"folder\":"], ["--input is no valid JSON", "line 1, byte"] },
        { "mistyped input", ["run", "digest", "--input", """{"folder":7}"""], ["$.folder"] },
        { "missing member", ["run", "digest"], ["folder"] },
        { "unknown channel", ["run", "digest", "--input", """{"folder":".","fodler":1}"""], ["fodler"] },
        { "missing folder", ["run", "digest", "--input", """{"folder":"nowhere"}"""], ["nowhere", "does not exist", "Name a folder"] },
        { "missing input file", ["run", "digest", "--input", "@nowhere.json"], ["nowhere.json", "cannot be read"] },
        { "bad recursion limit", ["run", "digest", "--input", """{"folder":"."}""", "--recursion-limit", "0"], ["recursion limit 0"] },
        { "bad thread id", ["run", "digest", "--input", """{"folder":"."}""", "--thread", "a b"], ["'a b'", "letters, digits"] },
        { "nothing to resume", ["run", "digest", "--resume", "--db", "new.db"], ["new.db", "run a graph first"] },
        { "no thread to resume", ["run", "digest", "--thread", "none", "--resume"], ["no thread 'none'"] },
        { "thread that waits for nothing", ["run", "digest", "--thread", "done", "--resume", "true"], ["'done' waits for no answer"] },
        { "thread with nothing planned", ["run", "digest", "--thread", "done", "--resume"], ["'done' has nothing planned"] },
        { "missing checkpoint", ["show", "done", "nothing"], ["no checkpoint 'nothing'"] },
        { "missing thread", ["show", "none"], ["no thread 'none'"] },
        { "history of a missing thread", ["history", "none"], ["no thread 'none'"] },
        { "history limit", ["history", "done", "--limit", "0"], ["1 to 1,000"] },
        { "list limit", ["runs", "--limit", "0"], ["1 to 1,000"] },
        { "list of an unknown status", ["runs", "--status", "done"], ["'done'", "success"] },
        { "list of an unknown status of threads", ["threads", "--status", "pending"], ["'pending'", "busy"] },
        { "list since no time", ["threads", "--since", "noon"], ["--since"] },
        { "list by no metadata", ["runs", "--metadata", "red"], ["key=value", "'red'"] },
        { "list of a missing database", ["threads", "--db", "nowhere.db"], ["nowhere.db", "run a graph first"] },
        { "no metadata", ["run", "digest", "--input", """{"folder":"."}""", "--metadata", "=red"], ["key=value", "'=red'"] },
        {
            "metadata that is no text",
            ["run", "digest", "--input", """{"folder":"."}""", "--metadata", "a=\"\\ud800\""],
            ["half of a surrogate pair"]
        },
        { "list by metadata that is no text", ["runs", "--metadata", """a=["\ud800"]"""], ["--metadata", "half of a surrogate pair"] },
        { "input that is no text", ["run", "digest", "--input", """{"\ud800":1}"""], ["input has half of a surrogate pair"] },
        { "answer that is no text", ["run", "digest", "--thread", "done", "--resume", """{"\ud800":1}"""], ["half of a surrogate pair"] },
        { "input file in Latin-1", ["run", "digest", "--input", "@latin.json"], ["latin.json", "no UTF-8 text"] },
        { "timeout that is no time", ["run", "digest", "--timeout", "soon"], ["--timeout takes a time such as 00:05:00, not 'soon'"] },
        { "report that is a folder", ["run", "digest", "--input", """{"folder":"texts","report":"texts"}"""], ["texts' is a folder"] },
        { "report that is a folder's name", ["run", "digest", "--input", """{"folder":"texts","report":"new/"}"""], ["new/' is a folder"] },
        { "pattern that is empty", ["run", "digest", "--input", """{"folder":"texts","pattern":""}"""], ["An empty pattern"] },
        { "report that is the root", ["run", "digest", "--input", """{"folder":"texts","report":"/"}"""], ["'/' is a folder"] },
        { "missing database", ["history", "done", "--db", "nowhere.db"], ["nowhere.db", "run a graph first"] },
        { "two databases", ["history", "done", "--db", "a.db", "--postgres", "Host=b"], ["--db and --postgres", "Name one"] },
        { "bad port", ["--silo-port", "70000"], ["--silo-port takes 0 to 65535"] },
        { "silo port that is no number", ["--silo-port", "abc"], ["--silo-port takes 0 to 65535, not 'abc'"] },
        { "gateway port that is no number", ["--gateway-port", "x"], ["--gateway-port takes 0 to 65535, not 'x'"] },
        { "no web address", ["--http"], ["--http"] },
        { "no address", ["--address"], ["--address"] },
        { "history limit that is no number", ["history", "done", "--limit", "abc"], ["--limit takes 1 to 1,000, not 'abc'"] },
        { "list limit that is no number", ["threads", "--limit", "1e3"], ["--limit takes 1 to 1,000, not '1e3'"] },
        { "drains limit that is no number", ["drains", "--limit", "x"], ["--limit takes 1 to 100, not 'x'"] },
        { "drains limit without a number", ["drains", "--limit"], ["--limit"] },
        { "number of runs that is none", ["demo", "scale-in", "--runs", "many"], ["--runs takes 4 to 1,000, not 'many'"] },
        { "recursion limit that is no number", ["run", "digest", "--recursion-limit", "x"], ["--recursion-limit", "'x'"] },
        { "empty thread id", ["run", "digest", "--input", """{"folder":"texts"}""", "--thread", ""], ["'' is no id of a thread"] },
        { "blank thread id", ["run", "digest", "--input", """{"folder":"texts"}""", "--thread", " "], ["' ' is no id of a thread"] },
        { "no place for a file", ["run", "digest", "--input", """{"folder":"texts"}""", "--db", "/proc/no.db"], ["cannot be opened"] },
        { "damaged log", ["show", "done", "--db", "damaged.db"], ["The entry at position", "cannot be read", "backup"] },
        { "damaged log in a list", ["history", "done", "--db", "damaged.db"], ["The entry at position", "backup"] },
        { "damaged log to go on with", ["run", "digest", "--resume", "--db", "damaged.db"], ["The entry at position", "backup"] },
        {
            "damaged log to start on",
            ["run", "digest", "--thread", "done", "--input", """{"folder":"."}""", "--db", "damaged.db"],
            ["The entry at position", "backup"]
        },
        { "log in disorder", ["history", "done", "--db", "disorder.db"], ["The log of thread 'done' cannot be read", "doctor"] },
        { "database without a table", ["threads", "--db", "robbed.db"], ["no such table: threads", "Examine it"] },
        { "bad strategy", ["run", "digest", "--input", """{"folder":"."}""", "--strategy", "push"], ["push", "run --help"] },
        { "bad timeout", ["run", "digest", "--input", """{"folder":"."}""", "--timeout", "31.00:00:00"], ["31.00:00:00", "out of range"] },
        { "not a database", ["run", "digest", "--input", """{"folder":"."}""", "--db", "text.txt"], ["text.txt", "no SQLite database"] },
        { "not a database to look at", ["show", "done", "--db", "text.txt"], ["text.txt", "no SQLite database"] },
        { "newer database", ["run", "digest", "--input", """{"folder":"."}""", "--db", "newer.db"], ["newer.db", "Use a newer program"] },
        { "newer database to look at", ["threads", "--db", "newer.db"], ["newer.db", "Use a newer program"] },
        { "foreign database", ["run", "digest", "--input", """{"folder":"."}""", "--db", "other.db"], ["other.db", "another program"] },
        { "foreign database to look at", ["threads", "--db", "other.db"], ["other.db", "run a graph first"] },
    };

    [Fact]
    public async Task BadUsage_OfEveryKind_IsToldAndChangesNothing()
    {
        using var program = new HostProgram();
        program.Write("text.txt", "This is no database, although it is long enough to be mistaken for one by its first bytes.");
        program.Write("texts/a.txt", "One two.");
        await File.WriteAllBytesAsync(program.PathOf("latin.json"), Encoding.Latin1.GetBytes("""{"folder":"texts","pattern":"Käse"}"""));
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

        var problems = new List<string>();
        foreach (var row in Rows)
        {
            var (name, arguments, parts) = ((string)row[0], (string[])row[1], (string[])row[2]);
            var end = await program.RunAsync(arguments);
            problems.AddRange(parts.Where(part => !end.Errors.Contains(part, StringComparison.Ordinal))
                .Select(part => $"{name}: '{part}' is missing in: {end.Errors}"));
            if (end.ExitCode != ExitCode.BadUsage)
            {
                problems.Add($"{name}: exit code {end.ExitCode}");
            }
        }

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

    [Fact]
    public async Task Run_InputOverTheLimit_IsRefused()
    {
        using var program = new HostProgram();
        program.Write("large.json", $$"""{"folder":"{{new string('x', 2 << 20)}}"}""");

        var end = await program.RunAsync("run", "digest", "--input", "@large.json");

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains("at most 1,048,576 are taken", end.Errors, StringComparison.Ordinal);
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
