using Microsoft.Extensions.Logging;

namespace OrleansRuns.Host;

/// <summary>Ends the program when its silo may not go on, above all when the other silos have declared it dead.</summary>
/// <remarks>
/// A silo that was paused or cut off for too long cannot come back as the member it was: its runs are others' by then, and the threads'
/// logs refuse what it still writes. It ends at once, without a drain, and a supervisor starts it again as a new member. Orleans' own
/// handler aborts the process two seconds later with pages of stack traces.
/// </remarks>
internal sealed class FatalErrors(ILocalSiloDetails silo, ILoggerFactory loggers) : IFatalErrorHandler
{
    /// <summary>How long the end of the process may take: it must not linger as a silo that is half dead.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    public bool IsUnexpected(Exception exception) => exception is not ThreadAbortException;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        // A thread of its own: the pool may be what hangs.
        new Thread(AbortLater) { IsBackground = true, Name = nameof(FatalErrors) }.Start();
        // Without an error of its own the silo was told by the membership table.
        var (exitCode, text) = exception is null
            ? (ExitCode.DeclaredDead,
                $"Silo {silo.SiloAddress} was declared dead by the others of its cluster and ends now, with exit code "
                + $"{ExitCode.DeclaredDead}. Its runs go on on the others. Start it again: it then takes part as a new silo. {context}")
            : (ExitCode.Crashed, $"Silo {silo.SiloAddress} cannot go on and ends now: {sender}, {context}: {exception}");
        // Writes what the loggers have queued, which would end with the process, as far as it can be written soon. The last words do not
        // take that way, so that they are never among what is lost.
        loggers.Dispose();
        Console.Error.WriteLine(text);
        Environment.Exit(exitCode);
    }

    private static void AbortLater()
    {
        using var never = new ManualResetEvent(initialState: false);
        never.WaitOne(Bound);
        Environment.FailFast($"The program did not end within {Bound} of a fatal error of its silo.");
    }
}
