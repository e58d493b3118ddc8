using Microsoft.Data.Sqlite;

namespace OrleansRuns.Host.Tests;

public sealed class DoctorCommandTests
{
    [Fact]
    public async Task Doctor_UndamagedFile_FindsNothingAndLeavesItByteForByte()
    {
        using var program = await ProgramAsync();
        var before = await File.ReadAllBytesAsync(program.Database);

        var looked = await program.RunAsync("doctor");
        var repaired = await program.RunAsync("doctor", "--repair");

        Assert.Equal((ExitCode.Success, ExitCode.Success), (looked.ExitCode, repaired.ExitCode));
        Assert.Equal(looked.Output, repaired.Output);
        Assert.StartsWith("Examined 1 threads, 1 runs and ", looked.Output, StringComparison.Ordinal);
        Assert.EndsWith("Nothing is wrong.", looked.Output, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(program.Database));
    }

    [Fact]
    public async Task Doctor_DamagedFile_SaysWhatAndMendsItWhenAsked()
    {
        using var program = await ProgramAsync();
        await ExecuteAsync(program.Database, "update threads set holder = (select run_id from runs)");

        var looked = await program.RunAsync("doctor");
        var json = await program.RunJsonAsync(ExitCode.Findings, "doctor");
        var repaired = await program.RunAsync("doctor", "--repair");
        var after = await program.RunJsonAsync(ExitCode.Success, "doctor");

        Assert.Equal(ExitCode.Findings, looked.ExitCode);
        Assert.Contains("repairable  slot_holder  thread done: ", looked.Output, StringComparison.Ordinal);
        Assert.Contains("doctor --repair' mends", looked.Output, StringComparison.Ordinal);
        var finding = Assert.Single(json.GetProperty("findings").EnumerateArray());
        Assert.Equal(
            ("slot_holder", "done", true),
            (
                finding.GetProperty("check").GetString(),
                finding.GetProperty("threadId").GetString(),
                finding.GetProperty("repairable").GetBoolean()));
        Assert.Equal(ExitCode.Success, repaired.ExitCode);
        Assert.Contains("mended ", repaired.Output, StringComparison.Ordinal);
        Assert.Empty(after.GetProperty("findings").EnumerateArray());
    }

    [Fact]
    public async Task Doctor_NoFile_SaysSoAndMakesNone()
    {
        using var program = new HostProgram();

        var end = await program.RunAsync("doctor", "--repair", "--db", "nowhere.db");

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains("nowhere.db", end.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(program.Folder));
    }

    [Fact]
    public async Task Doctor_EditHoldsAThread_IsTakenForDeadWhenTheSilosDo()
    {
        using var program = await ProgramAsync();
        await ExecuteAsync(
            program.Database,
            "update threads set holder = 'edit-1', updated_at = strftime('%Y-%m-%d %H:%M:%S+00:00', 'now', '-5 minutes')");
        var settings = program.Write("appsettings.json", """{"OrleansRuns":{"Runs":{"EditTimeout":"00:10:00"}}}""");

        var alive = await program.RunAsync("doctor", "--repair");
        File.Delete(settings);
        var dead = await program.RunAsync("doctor");

        Assert.Equal((ExitCode.Success, ExitCode.Findings), (alive.ExitCode, dead.ExitCode));
        Assert.EndsWith("Nothing is wrong.", alive.Output, StringComparison.Ordinal);
        Assert.Contains("is the edit 'edit-1', which has not come back", dead.Output, StringComparison.Ordinal);
    }

    private static async Task<HostProgram> ProgramAsync()
    {
        var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "done", "--input", """{"folder":"texts"}""");
        return program;
    }

    private static async Task ExecuteAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
