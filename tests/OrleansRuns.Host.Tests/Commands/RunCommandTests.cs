using System.Text.Json;

namespace OrleansRuns.Host.Tests;

public sealed class RunCommandTests
{
    [Fact]
    public async Task Run_Digest_PrintsEventsAndTheFinalStateLast()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.\nThree four.\n");
        program.Write("texts/b.txt", "Five six");

        var end = await program.RunAsync("run", "digest", "--input", """{"folder":"texts"}""", "--json");

        Assert.Equal(ExitCode.Success, end.ExitCode);
        var lines = end.Lines.Select(HostProgram.Json).ToList();
        Assert.Equal("start", lines[0].GetProperty("kind").GetString());
        Assert.Equal(5, lines.Count(line => line.GetProperty("kind").GetString() == "checkpoints"));
        var values = lines[^1].GetProperty("values");
        Assert.Equal(2, values.GetProperty("files").GetArrayLength());
        Assert.Equal(3, values.GetProperty("lines").GetInt32());
        Assert.Equal(6, values.GetProperty("words").GetInt32());
        Assert.Contains("| three | 1 |", await File.ReadAllTextAsync(values.GetProperty("report").GetString()!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MoreTermsThanAnEntryTakes_CountsTheFrequentOnesInFull()
    {
        const int files = 100;
        using var program = new HostProgram();
        foreach (var file in Enumerable.Range(0, files))
        {
            // 10 MB of terms, each in one file alone, where it is more frequent than what all files have.
            var own = string.Join(' ', Enumerable.Range(0, 1600).Select(term => $"{new string('x', 50)}{Letters(file)}x{Letters(term)}"));
            program.Write($"texts/{file}.txt", $"{own} {own} zebra");
        }

        var end = await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--input", """{"folder":"texts"}""");

        var first = end.GetProperty("values").GetProperty("topTerms")[0];
        Assert.Equal(("zebra", files), (first.GetProperty("term").GetString(), first.GetProperty("count").GetInt32()));

        static string Letters(int number) => string.Concat($"{number:D4}".Select(digit => (char)('a' + digit - '0')));
    }

    [Fact]
    public async Task Run_ReportThatCannotBeWritten_LeavesNothingOfIt()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");

        var waiting = await program.RunAsync(
            "run", "digest", "--input", """{"folder":"texts","report":"out/report.md","approve":true}""");
        // What was free when it was named is a folder now.
        Directory.CreateDirectory(program.PathOf("out", "report.md"));

        var end = await program.RunAsync("run", "digest", "--resume", "true");

        Assert.Equal(ExitCode.Interrupted, waiting.ExitCode);
        Assert.Equal(ExitCode.Failed, end.ExitCode);
        Assert.Equal(["report.md"], Directory.GetFileSystemEntries(program.PathOf("out")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Run_Approval_WaitsAndGoesOnWithTheAnswer()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");

        var waiting = await program.RunAsync("run", "digest", "--thread", "t", "--input", """{"folder":"texts","approve":true}""");
        var asked = await program.RunAsync("run", "digest", "--resume");
        var mistyped = await program.RunAsync("run", "digest", "--thread", "t", "--resume", "\"perhaps\"");
        var done = await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "t", "--resume", "true");

        Assert.Equal(ExitCode.Interrupted, waiting.ExitCode);
        Assert.Contains("run digest --thread t --resume 'true'", waiting.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Interrupted, asked.ExitCode);
        Assert.Contains("approve asks:", asked.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, mistyped.ExitCode);
        Assert.Contains("must be boolean", mistyped.Errors, StringComparison.Ordinal);
        Assert.True(File.Exists(done.GetProperty("values").GetProperty("report").GetString()));
    }

    [Theory]
    [InlineData]
    [InlineData("--thread", "t")]
    public async Task Run_SameIdempotencyKeyAgain_IsTheSameRun(params string[] thread)
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        string[] command = ["run", "digest", "--input", """{"folder":"texts"}""", "--idempotency-key", "Zoë's 1st / order", .. thread];

        var first = await program.RunJsonAsync(ExitCode.Success, command);
        var again = await program.RunJsonAsync(ExitCode.Success, command);
        var other = await program.RunJsonAsync(ExitCode.Success, [.. command[..5], "another", .. thread]);
        var changed = await program.RunAsync([.. command, "--recursion-limit", "7"]);
        var runs = await program.RunAsync("runs");

        Assert.Equal(Ids(first), Ids(again));
        Assert.NotEqual(first.GetProperty("runId").GetString(), other.GetProperty("runId").GetString());
        Assert.Equal(thread.Length > 0, first.GetProperty("threadId").GetString() == other.GetProperty("threadId").GetString());
        Assert.Equal(ExitCode.BadUsage, changed.ExitCode);
        Assert.Contains("different request", changed.Errors, StringComparison.Ordinal);
        Assert.Equal(2, runs.Lines.Count);
    }

    [Fact]
    public async Task Run_FailingNode_EndsWithItsError()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        program.Write("taken", "a file where a folder would have to be");

        var end = await program.RunAsync("run", "digest", "--input", """{"folder":"texts","report":"taken/report.md"}""");

        Assert.Equal(ExitCode.Failed, end.ExitCode);
        Assert.Contains("error (node_error): Node 'write' failed", end.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Interrupted_StopsCleanlyAndResumes()
    {
        using var program = new HostProgram();
        // More than a silo does while it stops, or before this test hears of it.
        const int Files = 100;
        var text = string.Join(' ', Enumerable.Range(0, 100_000).Select(index => $"word{index % 1000}"));
        foreach (var index in Enumerable.Range(0, Files))
        {
            program.Write($"texts/{index}.txt", text);
        }

        await using var first = program.StartInTheBackground(
            "run", "digest", "--thread", "t", "--input", """{"folder":"texts"}""", "--json");
        while (await first.ReadLineAsync() is { } line && !line.Contains("\"kind\":\"tasks\"", StringComparison.Ordinal))
        {
        }

        first.Interrupt();
        var stopped = await first.EndAsync();
        var resumed = await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--resume");

        Assert.Equal(ExitCode.Interrupted, stopped.ExitCode);
        Assert.Contains("--resume", HostProgram.Json(stopped.Lines[^1]).GetProperty("resume").GetString(), StringComparison.Ordinal);
        Assert.Equal("t", resumed.GetProperty("threadId").GetString());
        Assert.Equal(Files, resumed.GetProperty("values").GetProperty("files").GetArrayLength());
    }

    [Fact]
    public async Task Serve_UntilInterrupted_ContinuesWhatAKilledProcessLeft()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await using var killed = program.Start("run", "digest", "--thread", "t", "--input", """{"folder":"texts"}""", "--json");
        await killed.ReadLineAsync();
        await killed.KillAsync();

        await using var server = program.Start();
        var said = await server.ReadLineAsync();
        await TestKit.Eventually.TrueAsync(
            async () => (await program.RunAsync("show", "t", "--json")).Output.Contains("\"status\":\"success\"", StringComparison.Ordinal),
            "the run of thread 't' to be continued by the server");
        server.Interrupt();
        var end = await server.EndAsync();

        Assert.StartsWith("OrleansRuns serves the graphs digest", said, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, end.ExitCode);
        Assert.Equal("Stopped.", end.Lines[^1]);
    }

    private static (string? Thread, string? Run) Ids(JsonElement ended) =>
        (ended.GetProperty("threadId").GetString(), ended.GetProperty("runId").GetString());
}
