using System.Globalization;
using OrleansRuns.Abstractions;
using Spectre.Console;

namespace OrleansRuns.Host;

/// <summary>A bar for each node of the supersteps under way, for terminals.</summary>
internal sealed class TerminalReporter(IAnsiConsole console) : IRunReporter
{
    private readonly SuperstepTracker _tracker = new();

    public void Begin(string graph, string threadId, string runId) =>
        console.MarkupLineInterpolated($"[bold]{graph}[/] on thread [blue]{threadId}[/], run {runId}");

    public Task FollowAsync(IAsyncEnumerable<RunEvent> events) =>
        console.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new ElapsedTimeColumn(),
                new SpinnerColumn())
            .StartAsync(async context =>
            {
                var bars = new Dictionary<NodeProgress, ProgressTask>();
                await foreach (var @event in events)
                {
                    foreach (var fact in _tracker.Read(@event))
                    {
                        Show(context, bars, fact);
                    }
                }

                foreach (var bar in bars.Values)
                {
                    bar.StopTask();
                }
            });

    public void Ended(RunSnapshot? run, ThreadSnapshot state, string? resumeLine)
    {
        var colour = run?.Status is RunStatus.Error or RunStatus.Timeout ? Color.Red : resumeLine is null ? Color.Green : Color.Yellow;
        console.WriteLine(RunText.Ending(run, state), new Style(colour));
        Say(StateText.Short(state.Values));
        Say(RunText.Questions(state, resumeLine));
    }

    public void Stopped(string threadId, string resumeLine) => Say(RunText.Stopped(threadId, resumeLine));

    // Not wrapped at the terminal's width: a line to type has to stay one line when it is copied.
    private void Say(string text) => console.Profile.Out.Writer.WriteLine(text);

    private void Show(ProgressContext context, Dictionary<NodeProgress, ProgressTask> bars, IProgressFact fact)
    {
        switch (fact)
        {
            case Planned { Progress: var planned }:
                bars[planned] = context.AddTask(Describe(planned), maxValue: planned.Total);
                break;
            case Advanced { Progress: var moved } when bars.TryGetValue(moved, out var bar):
                bar.Value = moved.Done;
                bar.Description = Describe(moved);
                break;
            case Noted noted:
                console.WriteLine(noted.Text, new Style(Color.Grey));
                break;
        }
    }

    private static string Describe(NodeProgress progress) => Markup.Escape(string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Step,3}  {progress.Node}{(progress.Total > 1 ? $"  {progress.Done:N0}/{progress.Total:N0}" : "")}"));
}
