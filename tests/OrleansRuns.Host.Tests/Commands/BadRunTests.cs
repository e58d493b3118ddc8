using System.Text;

namespace OrleansRuns.Host.Tests;

/// <summary>Whatever is wrong with a run, the program says what, where and what to do, exits with 2 and changes nothing.</summary>
public sealed class BadRunTests
{
    private static readonly (string Name, string[] Arguments, string[] Parts)[] Rows =
    [
        ("unknown option", ["run", "digest", "--imput", "{}"], ["--imput", "run --help"]),
        ("unknown graph", ["run", "nothing", "--input", "{}"], ["no graph 'nothing'", "digest"]),
        ("unknown graph to resume", ["run", "nothing", "--resume"], ["no graph 'nothing'", "digest"]),
        ("malformed input", ["run", "digest", "--input", "{\"folder\":"], ["--input is no valid JSON", "line 1, byte"]),
        ("mistyped input", ["run", "digest", "--input", """{"folder":7}"""], ["$.folder"]),
        ("missing member", ["run", "digest"], ["folder"]),
        ("unknown channel", ["run", "digest", "--input", """{"folder":".","fodler":1}"""], ["fodler"]),
        ("missing folder", ["run", "digest", "--input", """{"folder":"nowhere"}"""], ["nowhere", "does not exist", "Name a folder"]),
        ("missing input file", ["run", "digest", "--input", "@nowhere.json"], ["nowhere.json", "cannot be read"]),
        ("bad recursion limit", ["run", "digest", "--input", """{"folder":"."}""", "--recursion-limit", "0"], ["recursion limit 0"]),
        ("bad thread id", ["run", "digest", "--input", """{"folder":"."}""", "--thread", "a b"], ["'a b'", "letters, digits"]),
        ("no thread to resume", ["run", "digest", "--thread", "none", "--resume"], ["no thread 'none'"]),
        ("thread that waits for nothing", ["run", "digest", "--thread", "done", "--resume", "true"], ["'done' waits for no answer"]),
        ("thread with nothing planned", ["run", "digest", "--thread", "done", "--resume"], ["'done' has nothing planned"]),
        ("no metadata", ["run", "digest", "--input", """{"folder":"."}""", "--metadata", "=red"], ["key=value", "'=red'"]),
        (
            "metadata that is no text",
            ["run", "digest", "--input", """{"folder":"."}""", "--metadata", "a=\"\\ud800\""],
            ["half of a surrogate pair"]),
        ("input that is no text", ["run", "digest", "--input", """{"\ud800":1}"""], ["input has half of a surrogate pair"]),
        ("answer that is no text", ["run", "digest", "--thread", "done", "--resume", """{"\ud800":1}"""], ["half of a surrogate pair"]),
        ("input file in Latin-1", ["run", "digest", "--input", "@latin.json"], ["latin.json", "no UTF-8 text"]),
        ("timeout that is no time", ["run", "digest", "--timeout", "soon"], ["--timeout takes a time such as 00:05:00, not 'soon'"]),
        ("report that is a folder", ["run", "digest", "--input", """{"folder":"texts","report":"texts"}"""], ["texts' is a folder"]),
        ("report that is a folder's name", ["run", "digest", "--input", """{"folder":"texts","report":"new/"}"""], ["new/' is a folder"]),
        ("pattern that is empty", ["run", "digest", "--input", """{"folder":"texts","pattern":""}"""], ["An empty pattern"]),
        ("report that is the root", ["run", "digest", "--input", """{"folder":"texts","report":"/"}"""], ["'/' is a folder"]),
        ("recursion limit that is no number", ["run", "digest", "--recursion-limit", "x"], ["--recursion-limit", "'x'"]),
        ("empty thread id", ["run", "digest", "--input", """{"folder":"texts"}""", "--thread", ""], ["'' is no id of a thread"]),
        ("blank thread id", ["run", "digest", "--input", """{"folder":"texts"}""", "--thread", " "], ["' ' is no id of a thread"]),
        ("bad strategy", ["run", "digest", "--input", """{"folder":"."}""", "--strategy", "push"], ["push", "run --help"]),
        ("bad timeout", ["run", "digest", "--input", """{"folder":"."}""", "--timeout", "31.00:00:00"], ["31.00:00:00", "out of range"]),
    ];

    [Fact]
    public async Task Run_BadRequestOfEveryKind_IsToldAndChangesNothing()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await File.WriteAllBytesAsync(program.PathOf("latin.json"), Encoding.Latin1.GetBytes("""{"folder":"texts","pattern":"Käse"}"""));
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "done", "--input", """{"folder":"texts"}""");
        var before = await program.RunAsync("history", "done", "--json");

        var problems = await BadUsage.FindProblemsAsync(program, Rows);

        Assert.Empty(problems);
        Assert.Equal(before.Output, (await program.RunAsync("history", "done", "--json")).Output);
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
}
