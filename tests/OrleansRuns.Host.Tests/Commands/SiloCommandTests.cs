using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The commands that take silos out of service, on two real silos.</summary>
public sealed class SiloCommandTests
{
    [Fact]
    public async Task Cordon_DrainAndUndo_AreToldAndRunsGoWhereTheyMay()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        string[] postgres = ["--postgres", database.ConnectionString];
        program.Write("texts/a.txt", "One two.");
        await using var first = program.Start(postgres);
        await first.ReadLineAsync();
        await using var second = program.Start(postgres);
        await second.ReadLineAsync();

        var listed = await program.RunAsync(["silos", .. postgres]);
        var name = listed.Lines[0].Split(' ')[0];
        var cordoned = await program.RunJsonAsync(ExitCode.Success, ["cordon", name, .. postgres]);
        var run = await program.RunJsonAsync(
            ExitCode.Success, ["run", "digest", "--input", """{"folder":"texts"}""", .. postgres]);
        var drained = await program.RunAsync(["drain", name.Split('@')[0], .. postgres]);
        var undone = await program.RunAsync(["uncordon", name, .. postgres]);
        var unknown = await program.RunAsync(["cordon", "10.1.2.3:4", .. postgres]);

        Assert.Equal(2, listed.Lines.Count);
        Assert.All(listed.Lines, line => Assert.EndsWith(
            "in service  if stopped now: 0 runs, about 0.0 s", line, StringComparison.Ordinal));
        Assert.Equal((name, true, false), (
            cordoned.GetProperty("silo").GetString(),
            cordoned.GetProperty("cordoned").GetBoolean(),
            cordoned.GetProperty("draining").GetBoolean()));
        Assert.Equal("success", run.GetProperty("status").GetString());
        Assert.True(drained.ExitCode == ExitCode.Success, drained.Errors);
        Assert.Contains(" 0 runs in ", Assert.Single(drained.Lines), StringComparison.Ordinal);
        Assert.Contains(" in service ", Assert.Single(undone.Lines), StringComparison.Ordinal);
        Assert.Equal((ExitCode.BadUsage, ""), (unknown.ExitCode, unknown.Output));
        Assert.Contains("There is no active silo '10.1.2.3:4'", unknown.Errors, StringComparison.Ordinal);
        Assert.Contains(name, unknown.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silos")]
    [InlineData("cordon", "10.1.2.3:4")]
    [InlineData("drain", "10.1.2.3:4")]
    public async Task Silos_FileIsNamed_SaysWhatToDo(params string[] command)
    {
        using var program = new HostProgram();

        var end = await program.RunAsync(command);

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains("--postgres", end.Errors, StringComparison.Ordinal);
    }
}
