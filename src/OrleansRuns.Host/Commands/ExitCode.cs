namespace OrleansRuns.Host;

/// <summary>What the program tells the shell.</summary>
internal static class ExitCode
{
    internal const int Success = 0;

    /// <summary>A mistake in the program, not in what it was asked.</summary>
    internal const int Crashed = 1;

    /// <summary>The command line, the input or the database does not fit; nothing was changed.</summary>
    internal const int BadUsage = 2;

    /// <summary>The run failed.</summary>
    internal const int Failed = 3;

    /// <summary>The run waits for an answer, was stopped, or goes on when it is resumed.</summary>
    internal const int Interrupted = 4;

    /// <summary>The doctor found something that is not mended.</summary>
    internal const int Findings = 5;

    /// <summary>The other silos of the cluster declared this one dead; started again, it takes part as a new one.</summary>
    internal const int DeclaredDead = 6;
}
