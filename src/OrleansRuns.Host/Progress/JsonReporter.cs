using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>One JSON object a line: the start, each event, and the final state last.</summary>
internal sealed class JsonReporter(TextWriter output) : IRunReporter
{
    public void Begin(string graph, string threadId, string runId) => Write(new { kind = "start", graph, threadId, runId });

    public async Task FollowAsync(IAsyncEnumerable<RunEvent> events)
    {
        await foreach (var @event in events)
        {
            Write(new
            {
                kind = @event.Kind,
                number = @event.Number,
                @namespace = @event.Namespace,
                step = @event.Step,
                checkpointId = @event.CheckpointId,
                data = JsonNode.Parse(@event.Data),
            });
        }
    }

    public void Ended(RunSnapshot? run, ThreadSnapshot state, string? resumeLine) => Write(new
    {
        kind = "state",
        threadId = state.ThreadId,
        runId = run?.RunId,
        status = run is null ? null : WireName.Of(run.Status),
        stopReason = run?.StopReason is { } reason ? WireName.Of(reason) : null,
        error = run?.Error,
        checkpointId = state.CheckpointId,
        next = state.Next,
        interrupts = StateText.Interrupts(state),
        resume = resumeLine,
        values = JsonNode.Parse(state.Values),
    });

    public void Stopped(string threadId, string resumeLine) => Write(new { kind = "stopped", threadId, resume = resumeLine });

    private void Write<T>(T line)
    {
        output.WriteLine(JsonSerializer.Serialize(line, StateText.Json));
        // A reader on a pipe sees each line when it is true, not when a buffer is full.
        output.Flush();
    }
}
