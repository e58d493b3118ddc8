using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Lists threads.</summary>
internal static class ThreadsCommand
{
    private static readonly Option<string[]> Status = ListOptions.CreateStatus<ThreadStatus>();

    internal static Command Create()
    {
        var command = new Command("threads", "Lists threads, newest first.")
        {
            Status, ListOptions.Graph, ListOptions.Metadata, ListOptions.Since, ListOptions.Limit,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var search = new ThreadSearch
            {
                Statuses = ListOptions.ReadStatuses<ThreadStatus>(parsed.GetValue(Status)),
                Graph = parsed.GetValue(ListOptions.Graph),
                Metadata = MetadataPairs.Read(parsed.GetValue(ListOptions.Metadata)),
                CreatedFrom = parsed.GetValue(ListOptions.Since),
                Limit = parsed.GetValue(ListOptions.Limit),
            };
            return ListOptions.ListAsync(parsed, async lists =>
            {
                var page = await lists.SearchThreadsAsync(search, cancellationToken);
                foreach (var thread in page.Threads)
                {
                    Console.WriteLine(parsed.GetValue(CommandLine.Json) ? ToJson(thread) : ToLine(thread));
                }

                await ListOptions.TellMoreAsync(page.Next);
            });
        });
        return command;
    }

    private static string ToLine(ThreadSummary thread) => string.Create(
        CultureInfo.InvariantCulture,
        $"{thread.ThreadId,-36}  {thread.CreatedAt:yyyy-MM-dd HH:mm:ss}  {StatusOf(thread)}  {thread.Graph,-10}  {MetadataOf(thread)}")
        .TrimEnd();

    private static string StatusOf(ThreadSummary thread) => WireName.Of(thread.Status).PadRight(11);

    private static string MetadataOf(ThreadSummary thread) => thread.Metadata == "{}" ? "" : thread.Metadata;

    private static string ToJson(ThreadSummary thread) => JsonSerializer.Serialize(
        new
        {
            threadId = thread.ThreadId,
            graph = thread.Graph,
            status = WireName.Of(thread.Status),
            metadata = JsonNode.Parse(thread.Metadata),
            createdAt = thread.CreatedAt,
            updatedAt = thread.UpdatedAt,
        },
        StateText.Json);
}
