using Microsoft.Data.Sqlite;

namespace OrleansRuns.Host.Tests;

/// <summary>What is refused leaves not even a file behind.</summary>
public sealed class NothingChangedTests
{
    private const string Good = """{"folder":"."}""";

    private static readonly string[][] Refused =
    [
        ["run", "nothing", "--input", Good],
        ["run", "nothing", "--thread", "t", "--input", Good],
        ["run", "digest", "--input", """{"folder":"nowhere"}"""],
        ["run", "digest", "--thread", "t", "--input", """{"folder":"nowhere"}"""],
        ["run", "digest", "--input", """{"folder":7}"""],
        ["run", "digest", "--input", """{"folder":".","fodler":1}"""],
        ["run", "digest", "--input", Good, "--thread", "a b"],
        ["run", "digest", "--input", Good, "--recursion-limit", "0"],
        ["run", "digest", "--input", Good, "--timeout", "31.00:00:00"],
        ["run", "digest", "--input", Good, "--db", "text.txt"],
        ["run", "digest", "--input", Good, "--db", "other.db"],
        ["run", "digest", "--input", Good, "--db", "folder"],
        ["--http", "127.0.0.1:0", "--db", "text.txt"],
    ];

    [Fact]
    public async Task BadUsage_WhereNothingIsYet_LeavesNoFile()
    {
        using var program = new HostProgram();
        program.Write("text.txt", "This is no database, although it is long enough to be mistaken for one by its first bytes.");
        program.Write("folder/a.txt", "One.");
        await using (var other = new SqliteConnection($"Data Source={program.PathOf("other.db")};Pooling=False"))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "create table mine (id integer)";
            await command.ExecuteNonQueryAsync();
        }

        var before = Files(program);

        foreach (var arguments in Refused)
        {
            var end = await program.RunAsync(arguments);
            Assert.True(end.ExitCode == ExitCode.BadUsage, $"{string.Join(' ', arguments)}: exit code {end.ExitCode}: {end.Errors}");
            Assert.Equal((string.Join(' ', arguments), before), (string.Join(' ', arguments), Files(program)));
        }
    }

    private static string Files(HostProgram program) => string.Join(
        ' ', Directory.GetFileSystemEntries(program.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
}
