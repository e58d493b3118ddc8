namespace OrleansRuns.Host.Tests;

public sealed class DrainsCommandTests
{
    [Fact]
    public async Task Drains_RunWasInterrupted_IsToldAsTextAndAsJson()
    {
        using var program = new HostProgram();
        var text = string.Join(' ', Enumerable.Range(0, 100_000).Select(index => $"word{index % 1000}"));
        foreach (var index in Enumerable.Range(0, 40))
        {
            program.Write($"texts/{index}.txt", text);
        }

        await using var first = program.Start("run", "digest", "--thread", "t", "--input", """{"folder":"texts"}""", "--json");
        while (await first.ReadLineAsync() is { } line && !line.Contains("\"kind\":\"tasks\"", StringComparison.Ordinal))
        {
        }

        first.Interrupt();
        await first.EndAsync();
        var told = await program.RunAsync("drains");
        var json = await program.RunJsonAsync(ExitCode.Success, "drains", "--limit", "1");

        var run = Assert.Single(json.GetProperty("runs").EnumerateArray());
        Assert.Equal("t", run.GetProperty("threadId").GetString());
        Assert.Contains(run.GetProperty("outcome").GetString(), (string?[])["interrupted", "completed"]);
        Assert.True(json.GetProperty("withinBudget").GetBoolean());
        Assert.Contains(" 1 runs in ", told.Lines[0], StringComparison.Ordinal);
        Assert.Contains(" 0 not_persisted", told.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith("  t", told.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drains_NothingWasDrained_SaysNothing()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--input", """{"folder":"texts"}""");

        var told = await program.RunAsync("drains");
        var bad = await program.RunAsync("drains", "--limit", "0");

        Assert.Equal((ExitCode.Success, ""), (told.ExitCode, told.Output));
        Assert.Equal(ExitCode.BadUsage, bad.ExitCode);
    }
}
