using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Shows a run to whoever started it.</summary>
internal interface IRunReporter
{
    /// <summary>Tells which run begins.</summary>
    void Begin(string graph, string threadId, string runId);

    /// <summary>Shows the run's events until they end.</summary>
    Task FollowAsync(IAsyncEnumerable<RunEvent> events);

    /// <summary>Tells how the run ended.</summary>
    /// <param name="run">The run; <see langword="null"/> when none was started because the thread waits for an answer.</param>
    /// <param name="state">The thread's state.</param>
    /// <param name="resumeLine">The line to type to go on, if there is something to go on with.</param>
    void Ended(RunSnapshot? run, ThreadSnapshot state, string? resumeLine);

    /// <summary>Tells that the program was stopped before the run ended.</summary>
    void Stopped(string threadId, string resumeLine);
}

/// <summary>Chooses how to show a run.</summary>
internal static class RunReporters
{
    internal static IRunReporter Choose(bool isJson)
    {
        if (isJson)
        {
            return new JsonReporter(Console.Out);
        }

        var isTerminal = !Console.IsOutputRedirected && Spectre.Console.AnsiConsole.Profile.Capabilities.Interactive;
        return isTerminal ? new TerminalReporter(Spectre.Console.AnsiConsole.Console) : new PlainReporter(Console.Out, TimeProvider.System);
    }
}
