using System.Globalization;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host.Tests;

/// <summary>How the demonstration's table is printed.</summary>
public sealed class DemoReportTests
{
    [Fact]
    public void Print_MuchHappenedToOneRun_SqueezesNoColumnOfAnyRow()
    {
        var report = new DemoReport([Verdict("calm"), Verdict("tossed", Moves(4))], ToldCheckpoints: 2, Entries: 9, Broken: []);
        using var output = new StringWriter(CultureInfo.InvariantCulture);

        report.Print(output);

        var rows = output.ToString().Split('\n').Where(line => line.Contains("order-", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.Matches("^ +(calm|tossed) +order-1 .* 7 .* success .* 1.5 s", row));
        Assert.Contains(string.Join(", ", Moves(4).Select(move => move.ToString())), rows[1], StringComparison.Ordinal);
    }

    private static DemoMove[] Moves(int count) =>
        [.. Enumerable.Range(1, count).Select(silo => new DemoMove(IsHandOff: true, $"silo {silo}"))];

    private static DemoVerdict Verdict(string run, params DemoMove[] moves) =>
        new(run, "order-1", "silo 1", [.. moves], Supersteps: 7, RunStatus.Success, TimeSpan.FromSeconds(1.5), []);
}
