using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Shows the state of a thread.</summary>
internal static class ShowCommand
{
    private static readonly Argument<string?> Checkpoint = new("checkpoint")
    {
        Description = "The checkpoint; the default is the newest.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    internal static Command Create()
    {
        var command = new Command("show", "Shows the whole state of a thread, at a checkpoint or now.")
        {
            HistoryCommand.Thread, Checkpoint,
        };
        command.SetAction(parsed => ListOptions.ListAsync<IThreadHistory>(parsed, async history =>
        {
            var threadId = parsed.GetRequiredValue(HistoryCommand.Thread);
            var state = await history.GetStateAsync(threadId, parsed.GetValue(Checkpoint), CancellationToken.None);
            var run = await history.GetRunsAsync(threadId, 1, CancellationToken.None) is [var newest] ? newest : null;
            Console.WriteLine(parsed.GetValue(CommandLine.Json) ? ToJson(state, run) : ToText(state, run));
        }));
        return command;
    }

    private static string ToText(ThreadSnapshot state, RunSnapshot? run) => string.Join(
        Environment.NewLine,
        new[]
        {
            $"thread      {state.ThreadId}{(state.Status is { } status ? $", {WireName.Of(status)}" : "")}",
            $"graph       {state.Graph}",
            run is null ? null : $"newest run  {run.RunId}, {WireName.Of(run.Status)}, attempt {run.Attempt} {run.Error}".TrimEnd(),
            $"checkpoint  {state.CheckpointId ?? "none yet"}",
            state.CheckpointId is null
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"made        superstep {state.Step}, {state.Source}, {state.CreatedAt:u}"),
            state.Next.Count == 0 ? null : $"next        {string.Join(", ", state.Next.Distinct())}",
            state.Interrupts.Count == 0 ? null : RunText.Questions(state, null),
            StateText.Full(state.Values),
        }.Where(line => line is not null));

    private static string ToJson(ThreadSnapshot state, RunSnapshot? run) => JsonSerializer.Serialize(
        new
        {
            threadId = state.ThreadId,
            graph = state.Graph,
            status = state.Status is { } status ? WireName.Of(status) : null,
            checkpointId = state.CheckpointId,
            parentId = state.ParentCheckpointId,
            step = state.Step,
            source = state.Source,
            createdAt = state.CreatedAt,
            next = state.Next,
            interrupts = StateText.Interrupts(state),
            run = run is null
                ? null
                : new { runId = run.RunId, status = WireName.Of(run.Status), attempt = run.Attempt, error = run.Error },
            values = JsonNode.Parse(state.Values),
        },
        StateText.Json);
}
