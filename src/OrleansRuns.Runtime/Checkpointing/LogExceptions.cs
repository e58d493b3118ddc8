namespace OrleansRuns.Runtime;

/// <summary>An entry is over the limit. Nothing was written; trying again does not help.</summary>
public sealed class LogEntryTooLargeException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">How large the entry is, what the limit is and which option raises it.</param>
    public LogEntryTooLargeException(string message)
        : base(message)
    {
    }
}

/// <summary>The store did not answer. What was asked may be asked again.</summary>
public sealed class LogUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What was attempted, on which log and position.</param>
    /// <param name="inner">What the database said.</param>
    public LogUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
