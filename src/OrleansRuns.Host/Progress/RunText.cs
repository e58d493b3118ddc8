using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Says for people how a run ended.</summary>
internal static class RunText
{
    internal static string Ending(RunSnapshot? run, ThreadSnapshot state) => run switch
    {
        null => $"thread {state.ThreadId} waits for an answer; nothing was started",
        { Status: RunStatus.Success } when state.Status == ThreadStatus.Interrupted =>
            $"thread {state.ThreadId} waits after superstep {state.Step}",
        { Status: RunStatus.Success } => $"success after superstep {state.Step}",
        _ => $"{WireName.Of(run.Status)} ({(run.StopReason is { } reason ? WireName.Of(reason) : "no reason")}): {run.Error}",
    };

    internal static string Questions(ThreadSnapshot state, string? resumeLine)
    {
        var lines = state.Interrupts
            .Select(interrupt => $"{interrupt.Node} asks: {JsonNode.Parse(interrupt.Value)?.ToJsonString(StateText.Json)}")
            .ToList();
        if (resumeLine is not null)
        {
            lines.Add($"To go on, type: {resumeLine}");
        }

        return string.Join(Environment.NewLine, lines);
    }

    internal static string Stopped(string threadId, string resumeLine) =>
        $"stopped; thread {threadId} has kept every finished superstep. To go on, type: {resumeLine}";
}
