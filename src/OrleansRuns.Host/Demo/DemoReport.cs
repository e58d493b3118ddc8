using System.Globalization;
using System.Text.Json;
using OrleansRuns.Abstractions;
using Spectre.Console;

namespace OrleansRuns.Host;

/// <summary>What the database says of a demonstration.</summary>
/// <param name="Runs">What happened to each run.</param>
/// <param name="ToldCheckpoints">How many checkpoints the callers were told of.</param>
/// <param name="Entries">How many entries the logs have.</param>
/// <param name="Broken">Which promises were broken.</param>
internal sealed record DemoReport(
    IReadOnlyList<DemoVerdict> Runs, int ToldCheckpoints, long Entries, IReadOnlyList<string> Broken)
{
    /// <summary>Wider than any line of the report: a row that something happened to twice is not to squeeze all others.</summary>
    private const int Width = 1000;

    private int HandedOff => Runs.Count(run => run.Happened.Any(move => move.IsHandOff));

    private int Recovered => Runs.Count(run => run.Happened.Any(move => !move.IsHandOff));

    /// <summary>Prints it for people.</summary>
    internal void Print(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = Width;
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in (string[])["run", "thread", "began on", "what happened"])
        {
            table.AddColumn(new TableColumn(column).NoWrap());
        }

        table.AddColumn(new TableColumn("supersteps").RightAligned());
        table.AddColumn("status");
        table.AddColumn(new TableColumn("no progress for").RightAligned());
        foreach (var run in Runs)
        {
            table.AddRow(
                run.RunId,
                run.ThreadId,
                run.BeganOn,
                Describe(run),
                run.Supersteps.ToString(CultureInfo.InvariantCulture),
                WireName.Of(run.Status),
                Seconds(run.Standstill));
        }

        console.Write(table);
        console.WriteLine(
            $"{Runs.Count} runs: {Runs.Count(run => run.Happened.IsEmpty)} finished where they began, {HandedOff} were handed off by the "
            + $"silo that stopped, {Recovered} were recovered from the silo that was killed.");
        console.WriteLine(
            $"Longest time without progress: {Longest(run => run.Happened.IsEmpty)} where nothing happened, "
            + $"{Longest(run => run.Happened.Any(move => move.IsHandOff))} with a hand-off, "
            + $"{Longest(run => run.Happened.Any(move => !move.IsHandOff))} with a recovery.");
        foreach (var broken in Broken)
        {
            console.WriteLine($"BROKEN: {broken}", new Style(Color.Red));
        }

        if (Broken.Count == 0)
        {
            console.WriteLine(
                $"No checkpoint lost: all {ToldCheckpoints} that callers were told of are in the database.", new Style(Color.Green));
            console.WriteLine(
                $"Every status true: row, log and what the caller was told agree for all {Runs.Count} runs, and each step of each order "
                + "was done once.",
                new Style(Color.Green));
        }
    }

    /// <summary>Renders it for machines.</summary>
    internal string ToJson() => JsonSerializer.Serialize(
        new
        {
            runs = Runs.Select(run => new
            {
                runId = run.RunId,
                threadId = run.ThreadId,
                beganOn = run.BeganOn,
                happened = Describe(run),
                supersteps = run.Supersteps,
                status = WireName.Of(run.Status),
                standstillSeconds = run.Standstill.TotalSeconds,
            }),
            handedOff = HandedOff,
            recovered = Recovered,
            toldCheckpoints = ToldCheckpoints,
            logEntries = Entries,
            broken = Broken,
        },
        StateText.Json);

    private static string Describe(DemoVerdict run) => run.Happened.IsEmpty ? "finished there" : string.Join(", ", run.Happened);

    private string Longest(Func<DemoVerdict, bool> which) =>
        Seconds(Runs.Where(which).Select(run => run.Standstill).DefaultIfEmpty(TimeSpan.Zero).Max());

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
