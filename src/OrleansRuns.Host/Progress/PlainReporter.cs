using System.Globalization;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Plain lines, for logs and pipes.</summary>
internal sealed class PlainReporter(TextWriter output, TimeProvider time) : IRunReporter
{
    private readonly long _start = time.GetTimestamp();
    private readonly SuperstepTracker _tracker = new();

    public void Begin(string graph, string threadId, string runId) => Say($"run {runId} of graph {graph} on thread {threadId}");

    public async Task FollowAsync(IAsyncEnumerable<RunEvent> events)
    {
        await foreach (var @event in events)
        {
            foreach (var fact in _tracker.Read(@event))
            {
                Tell(fact);
            }
        }
    }

    public void Ended(RunSnapshot? run, ThreadSnapshot state, string? resumeLine)
    {
        Say(RunText.Ending(run, state));
        output.WriteLine(StateText.Short(state.Values));
        output.WriteLine(RunText.Questions(state, resumeLine));
    }

    public void Stopped(string threadId, string resumeLine) => Say(RunText.Stopped(threadId, resumeLine));

    private void Tell(IProgressFact fact)
    {
        switch (fact)
        {
            case Planned { Progress: var planned }:
                Say($"superstep {planned.Step}: {planned.Node}{(planned.Total > 1 ? $" × {planned.Total:N0}" : "")}");
                break;
            case Advanced { Progress: { Total: > 1 } moved } when IsWorthALine(moved):
                Say($"superstep {moved.Step}: {moved.Node} {moved.Done:N0} of {moved.Total:N0}");
                break;
            case Noted noted:
                Say(noted.Text);
                break;
        }
    }

    /// <summary>Ten lines a node at most, however many tasks it has.</summary>
    private static bool IsWorthALine(NodeProgress progress) =>
        progress.Done * 10L / progress.Total > (progress.Done - 1) * 10L / progress.Total;

    private void Say(FormattableString line) => Say(line.ToString(CultureInfo.InvariantCulture));

    private void Say(string line) =>
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"[{time.GetElapsedTime(_start).TotalSeconds,7:F2} s] {line}"));
}
