namespace OrleansRuns.Host.Tests;

/// <summary>Whatever is wrong with a command line, the program says what, where and what to do, exits with 2 and changes nothing.</summary>
public sealed class BadUsageTests
{
    private static readonly (string Name, string[] Arguments, string[] Parts)[] Rows =
    [
        ("unknown command", ["rum"], ["'rum'", "--help"]),
        ("unknown graph to draw", ["draw", "nothing"], ["no graph 'nothing'", "digest"]),
        ("missing checkpoint", ["show", "done", "nothing"], ["no checkpoint 'nothing'"]),
        ("missing thread", ["show", "none"], ["no thread 'none'"]),
        ("history of a missing thread", ["history", "none"], ["no thread 'none'"]),
        ("history limit", ["history", "done", "--limit", "0"], ["1 to 1,000"]),
        ("list limit", ["runs", "--limit", "0"], ["1 to 1,000"]),
        ("list of an unknown status", ["runs", "--status", "done"], ["'done'", "success"]),
        ("list of an unknown status of threads", ["threads", "--status", "pending"], ["'pending'", "busy"]),
        ("list since no time", ["threads", "--since", "noon"], ["--since"]),
        ("list by no metadata", ["runs", "--metadata", "red"], ["key=value", "'red'"]),
        ("list by metadata that is no text", ["runs", "--metadata", """a=["\ud800"]"""], ["--metadata", "half of a surrogate pair"]),
        ("bad port", ["--silo-port", "70000"], ["--silo-port takes 0 to 65535"]),
        ("silo port that is no number", ["--silo-port", "abc"], ["--silo-port takes 0 to 65535, not 'abc'"]),
        ("gateway port that is no number", ["--gateway-port", "x"], ["--gateway-port takes 0 to 65535, not 'x'"]),
        ("no web address", ["--http"], ["--http"]),
        ("no address", ["--address"], ["--address"]),
        ("history limit that is no number", ["history", "done", "--limit", "abc"], ["--limit takes 1 to 1,000, not 'abc'"]),
        ("list limit that is no number", ["threads", "--limit", "1e3"], ["--limit takes 1 to 1,000, not '1e3'"]),
        ("drains limit that is no number", ["drains", "--limit", "x"], ["--limit takes 1 to 100, not 'x'"]),
        ("drains limit without a number", ["drains", "--limit"], ["--limit"]),
        ("number of runs that is none", ["demo", "scale-in", "--runs", "many"], ["--runs takes 4 to 1,000, not 'many'"]),
    ];

    [Fact]
    public async Task BadUsage_OfEveryKind_IsToldAndChangesNothing()
    {
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "done", "--input", """{"folder":"texts"}""");
        var before = await program.RunAsync("history", "done", "--json");

        var problems = await BadUsage.FindProblemsAsync(program, Rows);

        Assert.Empty(problems);
        Assert.Equal(before.Output, (await program.RunAsync("history", "done", "--json")).Output);
    }
}
