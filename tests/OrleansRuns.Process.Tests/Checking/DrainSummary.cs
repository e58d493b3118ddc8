using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace OrleansRuns.Process.Tests;

/// <summary>The totals of a drain.</summary>
internal sealed partial record DrainSummary(
    long ElapsedMilliseconds,
    long BudgetMilliseconds,
    long Runs,
    long Completed,
    long Interrupted,
    long TimedOut,
    long NotPersisted,
    long Cancelled,
    long LeftBehind)
{
    /// <summary>Reads what a silo's log says of its drains, a line for each.</summary>
    /// <param name="log">The silo's log.</param>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    internal static IReadOnlyList<DrainSummary> ReadLog(string log, string silo) =>
    [
        .. from line in Line().Matches(log)
           where line.Groups["silo"].Value.EndsWith($"/{silo}", StringComparison.Ordinal)
           select new DrainSummary(
               Time(line, "elapsed"),
               Time(line, "budget"),
               Count(line, "runs"),
               Count(line, "completed"),
               Count(line, "interrupted"),
               Count(line, "late"),
               Count(line, "lost"),
               Count(line, "cancelled"),
               Count(line, "left")),
    ];

    /// <summary>Adds up what a database has of a silo's drains: a row for each of them and one for each of their runs.</summary>
    internal static async Task<IReadOnlyList<DrainSummary>> ReadReportsAsync(NpgsqlDataSource database, string silo)
    {
        await using var command = database.CreateCommand(
            "select elapsed_ms, budget_ms, (select count(*) from drain_runs r where r.silo = d.silo and r.started_at = d.started_at), "
            + string.Join(", ", Totals.Select(total =>
                $"(select count(*) from drain_runs r where r.silo = d.silo and r.started_at = d.started_at and {total})"))
            + $" from drain_reports d where silo like '%/{silo}' order by started_at");
        await using var reader = await command.ExecuteReaderAsync();
        var reports = new List<DrainSummary>();
        while (await reader.ReadAsync())
        {
            var row = Enumerable.Range(0, reader.FieldCount).Select(reader.GetInt64).ToArray();
            reports.Add(new DrainSummary(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8]));
        }

        return reports;
    }

    private static readonly string[] Totals =
    [
        "outcome = 'completed'", "outcome = 'interrupted'", "outcome = 'timed_out'", "outcome = 'not_persisted'",
        "signal = 'cancellation'", "signal = 'left_behind'",
    ];

    private static long Count(Match line, string total) => long.Parse(line.Groups[total].Value, CultureInfo.InvariantCulture);

    private static long Time(Match line, string time) =>
        (long)TimeSpan.Parse(line.Groups[time].Value, CultureInfo.InvariantCulture).TotalMilliseconds;

    [GeneratedRegex(
        @"Silo (?<silo>\S+) drained (?<runs>\d+) runs in (?<elapsed>\S+) of (?<budget>\S+): (?<completed>\d+) completed, "
        + @"(?<interrupted>\d+) interrupted, (?<late>\d+) timed out, (?<lost>\d+) not persisted; "
        + @"(?<cancelled>\d+) needed a cancellation and (?<left>\d+) were left behind\.")]
    private static partial Regex Line();
}
