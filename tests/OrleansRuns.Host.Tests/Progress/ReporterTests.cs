using Microsoft.Extensions.Time.Testing;
using OrleansRuns.Abstractions;
using Spectre.Console;

namespace OrleansRuns.Host.Tests;

/// <summary>What people see of a run, on a terminal and on a pipe.</summary>
public sealed class ReporterTests
{
    private const string ResumeLine =
        "dotnet run --project src/OrleansRuns.Host -- run digest --thread 01a20a04-2ff8-7a74-bc80-84c0ec49266d --resume 'true'";

    private static readonly ThreadSnapshot Waiting = new()
    {
        ThreadId = "t",
        Graph = "digest",
        CheckpointId = "c",
        Step = 1,
        Status = ThreadStatus.Interrupted,
        Values = """{"files":[1,2,3,4,5,6,7],"text":"short"}""",
        Interrupts = [new PendingInterrupt("i", "approve", """{"question":"Go on?"}""", null)],
    };

    private static readonly RunSnapshot Ended = new()
    {
        RunId = "r",
        ThreadId = "t",
        Graph = "digest",
        Status = RunStatus.Success,
        Attempt = 1,
        CreatedAt = default,
        UpdatedAt = default,
    };

    [Fact]
    public async Task Plain_Run_IsALineForWhatMatters()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var reporter = new PlainReporter(output, new FakeTimeProvider());

        reporter.Begin("digest", "t", "r");
        await reporter.FollowAsync(EventsAsync());
        reporter.Ended(Ended, Waiting, ResumeLine);

        Assert.Equal(
            [
                "[   0.00 s] run r of graph digest on thread t",
                "[   0.00 s] superstep 0: list",
                "[   0.00 s] superstep 1: count × 2",
                "[   0.00 s] count failed, attempt 1: no luck",
                "[   0.00 s] count is tried again, attempt 2",
                "[   0.00 s] superstep 1: count 1 of 2",
                "[   0.00 s] superstep 1: count 2 of 2",
                "[   0.00 s] superstep 2: inner/approve",
                "[   0.00 s] some events were missed",
                "[   0.00 s] thread t waits after superstep 1",
            ],
            output.ToString().Split('\n').Take(10));
        Assert.Contains("\"… 2 more items\"", output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"approve asks: {{\"question\":\"Go on?\"}}", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminal_Run_ShowsBarsAndALineThatCanBeCopied()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        var reporter = new TerminalReporter(console);

        reporter.Begin("digest", "t", "r");
        await reporter.FollowAsync(EventsAsync());
        reporter.Ended(Ended, Waiting, ResumeLine);

        Assert.Contains("1  count  2/2", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("count failed, attempt 1: no luck", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("failed, attempt 2", output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"To go on, type: {ResumeLine}", output.ToString(), StringComparison.Ordinal);
    }

    private static async IAsyncEnumerable<RunEvent> EventsAsync()
    {
        await Task.CompletedTask;
        yield return new(0, RunEventKinds.Metadata, "", 0, null, """{"runId":"r","attempt":1}""");
        yield return new(1, RunEventKinds.Checkpoints, "", -1, "a", """{"next":["list"]}""");
        yield return new(2, RunEventKinds.Tasks, "", 0, "a", """{"node":"list","phase":"end"}""");
        yield return new(3, RunEventKinds.Checkpoints, "", 0, "b", """{"next":["count","count"]}""");
        yield return new(4, RunEventKinds.Tasks, "", 1, "b", """{"node":"count","phase":"error","attempt":1,"error":"no luck"}""");
        yield return new(4, RunEventKinds.Tasks, "", 1, "b", """{"node":"count","phase":"retry","attempt":2,"error":null}""");
        yield return new(5, RunEventKinds.Tasks, "", 1, "b", """{"node":"count","phase":"end"}""");

        // The end of the second task is missed; the next checkpoint says that it has ended.
        yield return new(7, RunEventKinds.Checkpoints, "", 1, "c", """{"next":[]}""");
        yield return new(8, RunEventKinds.Checkpoints, "inner:4711", 1, "d", """{"next":["approve"]}""");
        yield return new(9, RunEventKinds.Gap, "", 0, null, """{"from":9,"to":9}""");
        yield return new(10, RunEventKinds.End, "", 0, null, "{}");
    }
}
