using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Tells what became of the runs of silos that stopped.</summary>
internal static class DrainsCommand
{
    private static readonly Option<int> Limit = NumberOption.Create("--limit", "How many at most", (1, 100), usual: 10);

    internal static Command Create()
    {
        var command = new Command("drains", "Tells what became of the runs of silos that stopped or were drained, newest first.") { Limit };
        command.SetAction((parsed, cancellationToken) => ListOptions.ListAsync<IDrainReports>(parsed, async drains =>
        {
            foreach (var report in await drains.ListAsync(parsed.GetValue(Limit), cancellationToken))
            {
                Console.WriteLine(Render(report, parsed.GetValue(CommandLine.Json)));
            }
        }));
        return command;
    }

    internal static string Render(DrainReport report, bool isJson) => isJson ? ToJson(report) : ToText(report);

    private static string ToText(DrainReport report)
    {
        var outcomes = Enum.GetValues<DrainOutcome>().Select(outcome => $"{report.Count(outcome)} {WireName.Of(outcome)}");
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"{report.StartedAt:yyyy-MM-dd HH:mm:ss}  {report.Silo}  {report.Runs.Count} runs in {report.Elapsed.TotalSeconds:0.0} s of "
            + $"{report.Budget.TotalSeconds:0.#} s: {string.Join(", ", outcomes)}");
        return string.Join(Environment.NewLine, report.Runs.Select(ToLine).Prepend(head));
    }

    private static string ToLine(DrainedRun run) =>
        ($"  {WireName.Of(run.Outcome),-13}  {WireName.Of(run.Signal),-12}  {run.RunId}  {WireName.Of(run.Status),-11}  "
            + $"{run.ThreadId}  {run.Error}").TrimEnd();

    private static string ToJson(DrainReport report) => JsonSerializer.Serialize(
        new
        {
            silo = report.Silo,
            startedAt = report.StartedAt,
            elapsedSeconds = report.Elapsed.TotalSeconds,
            budgetSeconds = report.Budget.TotalSeconds,
            withinBudget = report.IsWithinBudget,
            runs = report.Runs.Select(run => new
            {
                runId = run.RunId,
                threadId = run.ThreadId,
                outcome = WireName.Of(run.Outcome),
                signal = WireName.Of(run.Signal),
                status = WireName.Of(run.Status),
                stopReason = run.StopReason is { } reason ? WireName.Of(reason) : null,
                resumable = run.Resumable,
                checkpointId = run.CheckpointId,
                elapsedSeconds = run.Elapsed.TotalSeconds,
                error = run.Error,
            }),
        },
        StateText.Json);
}
