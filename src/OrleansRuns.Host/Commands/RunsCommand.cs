using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Lists runs.</summary>
internal static class RunsCommand
{
    private static readonly Option<string[]> Status = ListOptions.CreateStatus<RunStatus>();

    private static readonly Option<string?> Thread = new("--thread") { Description = "Only those of this thread.", HelpName = "id" };

    internal static Command Create()
    {
        var command = new Command("runs", "Lists runs, newest first.")
        {
            Status, ListOptions.Graph, Thread, ListOptions.Metadata, ListOptions.Since, ListOptions.Limit,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var search = new RunSearch
            {
                Statuses = ListOptions.ReadStatuses<RunStatus>(parsed.GetValue(Status)),
                Graph = parsed.GetValue(ListOptions.Graph),
                ThreadId = parsed.GetValue(Thread),
                Metadata = MetadataPairs.Read(parsed.GetValue(ListOptions.Metadata)),
                CreatedFrom = parsed.GetValue(ListOptions.Since),
                Limit = parsed.GetValue(ListOptions.Limit),
            };
            return ListOptions.ListAsync(parsed, async lists =>
            {
                var page = await lists.SearchRunsAsync(search, cancellationToken);
                foreach (var run in page.Runs)
                {
                    Console.WriteLine(parsed.GetValue(CommandLine.Json) ? ToJson(run) : ToLine(run));
                }

                await ListOptions.TellMoreAsync(page.Next);
            });
        });
        return command;
    }

    private static string ToLine(RunSnapshot run) => string.Create(
        CultureInfo.InvariantCulture,
        $"{run.RunId}  {run.CreatedAt:yyyy-MM-dd HH:mm:ss}  {WireName.Of(run.Status),-11}  {run.Graph,-10}  {run.ThreadId}  {Rest(run)}")
        .TrimEnd();

    private static string Rest(RunSnapshot run) =>
        $"{(run.Metadata == "{}" ? "" : run.Metadata)} {(run.StopReason is { } reason ? WireName.Of(reason) : "")} {run.Error}".Trim();

    private static string ToJson(RunSnapshot run) => JsonSerializer.Serialize(
        new
        {
            runId = run.RunId,
            threadId = run.ThreadId,
            graph = run.Graph,
            status = WireName.Of(run.Status),
            stopReason = run.StopReason is { } reason ? WireName.Of(reason) : null,
            error = run.Error,
            attempt = run.Attempt,
            metadata = JsonNode.Parse(run.Metadata),
            createdAt = run.CreatedAt,
            updatedAt = run.UpdatedAt,
        },
        StateText.Json);
}
