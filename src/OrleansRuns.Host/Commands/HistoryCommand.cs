using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Lists the checkpoints of a thread.</summary>
internal static class HistoryCommand
{
    internal static readonly Argument<string> Thread = new("thread") { Description = "The thread's id." };

    private static readonly Option<int> Limit = NumberOption.Create("--limit", "How many checkpoints", (1, 1000), usual: 50);

    private static readonly Option<string?> Before = new("--before")
    {
        Description = "The checkpoint to start below.",
        HelpName = "checkpoint",
    };

    internal static Command Create()
    {
        var command = new Command("history", "Lists the checkpoints of a thread, newest first.") { Thread, Before, Limit };
        command.SetAction(parsed => ListOptions.ListAsync<IThreadHistory>(parsed, async history =>
        {
            var thread = parsed.GetRequiredValue(Thread);
            var states = await history.GetHistoryAsync(thread, parsed.GetValue(Before), parsed.GetValue(Limit), CancellationToken.None);
            foreach (var state in states)
            {
                Console.WriteLine(parsed.GetValue(CommandLine.Json) ? ToJson(state) : ToLine(state));
            }
        }));
        return command;
    }

    private static string ToLine(ThreadSnapshot state) => string.Create(
        CultureInfo.InvariantCulture,
        $"{state.CheckpointId}  {state.CreatedAt:yyyy-MM-dd HH:mm:ss.fff}  {state.Step,4}  {state.Source,-6}  {Next(state)}");

    private static string Next(ThreadSnapshot state)
    {
        var next = state.Next.GroupBy(node => node).Select(node => node.Count() == 1 ? node.Key : $"{node.Key} × {node.Count():N0}");
        return state.Next.Count == 0 ? "ends" : "next: " + string.Join(", ", next) + (state.Interrupts.Count > 0 ? " (waits)" : "");
    }

    private static string ToJson(ThreadSnapshot state) => JsonSerializer.Serialize(
        new
        {
            checkpointId = state.CheckpointId,
            parentId = state.ParentCheckpointId,
            step = state.Step,
            source = state.Source,
            runId = state.RunId,
            createdAt = state.CreatedAt,
            next = state.Next,
            interrupts = StateText.Interrupts(state),
        },
        StateText.Json);
}
