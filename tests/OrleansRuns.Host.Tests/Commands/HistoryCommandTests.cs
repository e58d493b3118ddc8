namespace OrleansRuns.Host.Tests;

public sealed class HistoryCommandTests
{
    [Fact]
    public async Task History_RunThatEnded_TellsWhatEachCheckpointHadPlanned()
    {
        const int files = 20;
        using var program = new HostProgram();
        foreach (var index in Enumerable.Range(0, files))
        {
            program.Write($"texts/{index}.txt", "One two.");
        }

        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "t", "--input", """{"folder":"texts"}""");
        var history = await program.RunAsync("history", "t");
        var counting = HostProgram.Json((await program.RunAsync("history", "t", "--json")).Lines[^2]).GetProperty("checkpointId");
        var shown = await program.RunJsonAsync(ExitCode.Success, "show", "t", counting.GetString()!);

        Assert.Equal(
            ["ends", "next: write", "next: merge", $"next: count × {files}", "next: list"],
            history.Lines.Select(line => line.Split("  ")[^1].Trim()));
        Assert.Equal(files, shown.GetProperty("next").GetArrayLength());
    }
}
