namespace OrleansRuns.Host;

/// <summary>The command cannot be carried out as it was typed.</summary>
internal sealed class UsageException(string message) : Exception(message);
