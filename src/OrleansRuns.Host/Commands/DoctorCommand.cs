using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Checks that no run is stuck and that rows and logs agree.</summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> Repair = new("--repair")
    {
        Description = "Mends what follows from what is there. Never changes a final status. No other process may use the file.",
    };

    internal static Command Create()
    {
        var command = new Command("doctor", "Checks that no run is stuck and that every row agrees with its log.") { Repair };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var database = RunsDatabase.Of(parsed);
            if (database.ConnectionString is null && !database.File.Exists)
            {
                throw new UsageException($"There is no file '{database.File}' to examine. Name the file of an earlier run with --db.");
            }

            var repair = parsed.GetValue(Repair);
            await using var services = EmbeddedSilo.BuildReader(database, repair);
            await services.GetRequiredService<RunsReader>().OpenAsync(cancellationToken);
            var report = await services.GetRequiredService<IRunDoctor>().ExamineAsync(repair, cancellationToken);
            Console.WriteLine(parsed.GetValue(CommandLine.Json) ? ToJson(report) : ToText(report, repair));
            return report.IsHealthy ? ExitCode.Success : ExitCode.Findings;
        });
        return command;
    }

    private static string ToText(DoctorReport report, bool repair)
    {
        var looked = string.Create(
            CultureInfo.InvariantCulture,
            $"Examined {report.Threads:N0} threads, {report.Runs:N0} runs and {report.Entries:N0} log entries.");
        var due = report.Due == 0
            ? []
            : new[] { string.Create(CultureInfo.InvariantCulture, $"{report.Due:N0} unfinished runs go on with the next silo.") };
        var findings = report.Findings.Select(finding =>
            $"{Mark(finding)}  {WireName.Of(finding.Check)}  thread {finding.ThreadId}: {finding.Text}");
        var left = report.Findings.Count(finding => !finding.IsRepaired);
        var canRepair = !repair && report.Findings.Any(finding => finding.IsRepairable);
        var verdict = left == 0
            ? "Nothing is wrong."
            : string.Create(CultureInfo.InvariantCulture, $"{left:N0} findings.")
                + (canRepair ? $" '{CommandText.Program} doctor --repair' mends those that can be." : "");
        return string.Join(Environment.NewLine, [looked, .. due, .. findings, verdict]);
    }

    private static string Mark(DoctorFinding finding) =>
        finding.IsRepaired ? "mended    " : finding.IsRepairable ? "repairable" : "wrong     ";

    private static string ToJson(DoctorReport report) => JsonSerializer.Serialize(
        new
        {
            threads = report.Threads,
            runs = report.Runs,
            entries = report.Entries,
            due = report.Due,
            healthy = report.IsHealthy,
            findings = report.Findings.Select(finding => new
            {
                check = WireName.Of(finding.Check),
                threadId = finding.ThreadId,
                runId = finding.RunId,
                text = finding.Text,
                repairable = finding.IsRepairable,
                repaired = finding.IsRepaired,
            }),
        },
        StateText.Json);
}
