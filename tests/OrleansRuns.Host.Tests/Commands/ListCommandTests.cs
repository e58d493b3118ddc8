namespace OrleansRuns.Host.Tests;

public sealed class ListCommandTests
{
    [Fact]
    public async Task Lists_RunsOfTwoThreads_AreFilteredAndPrinted()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        string[] run = ["run", "digest", "--input", """{"folder":"texts"}"""];
        await program.RunJsonAsync(ExitCode.Success, [.. run, "--thread", "one", "--metadata", "team=red", "--metadata", "n=1"]);
        await program.RunJsonAsync(ExitCode.Success, [.. run, "--thread", "two", "--metadata", "team=blue"]);

        var red = await program.RunJsonAsync(
            ExitCode.Success, "runs", "--metadata", "n=1.0", "--metadata", "team=red", "--status", "success");
        var newest = await program.RunAsync("runs", "--limit", "1");
        var threads = await program.RunAsync("threads", "--graph", "digest", "--status", "idle", "--since", "2020-01-01", "--json");
        var none = await program.RunAsync("threads", "--status", "busy");

        Assert.Equal("one", red.GetProperty("threadId").GetString());
        Assert.Equal("""{"n":1,"team":"red"}""", red.GetProperty("metadata").GetRawText());
        Assert.Contains(" two  {\"team\":\"blue\"}", Assert.Single(newest.Lines), StringComparison.Ordinal);
        Assert.Contains("There are more", newest.Errors, StringComparison.Ordinal);
        Assert.Equal(["two", "one"], threads.Lines.Select(line => HostProgram.Json(line).GetProperty("threadId").GetString()));
        Assert.Equal((ExitCode.Success, ""), (none.ExitCode, none.Output));
    }
}
