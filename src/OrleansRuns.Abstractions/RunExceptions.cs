namespace OrleansRuns.Abstractions;

/// <summary>The root of what runs and threads throw to their callers.</summary>
[GenerateSerializer, Alias("OrleansRuns.RunException")]
public abstract class RunException : Exception
{
    private protected RunException(string message, string? runId = null, string? threadId = null, Exception? inner = null)
        : base(message, inner)
    {
        RunId = runId;
        ThreadId = threadId;
    }

    /// <summary>Gets the run it is about, if it is about one.</summary>
    [Id(0)]
    public string? RunId { get; private set; }

    /// <summary>Gets the thread it is about, if it is about one.</summary>
    [Id(1)]
    public string? ThreadId { get; private set; }
}

/// <summary>There is no such run.</summary>
[GenerateSerializer, Alias("OrleansRuns.RunNotFoundException")]
public sealed class RunNotFoundException(string runId)
    : RunException($"There is no run '{runId}'. Check the id, or start a run on a thread first.", runId);

/// <summary>There is no such thread.</summary>
[GenerateSerializer, Alias("OrleansRuns.ThreadNotFoundException")]
public sealed class ThreadNotFoundException(string threadId)
    : RunException($"There is no thread '{threadId}'. Check the id, or start a run on it to make it.", threadId: threadId);

/// <summary>The thread has no such checkpoint.</summary>
[GenerateSerializer, Alias("OrleansRuns.CheckpointNotFoundException")]
public sealed class CheckpointNotFoundException(string threadId, string checkpointId)
    : RunException(
        $"Thread '{threadId}' has no checkpoint '{checkpointId}'. Its history lists the checkpoints there are.", threadId: threadId);

/// <summary>No silo has the graph.</summary>
[GenerateSerializer, Alias("OrleansRuns.GraphNotFoundException")]
public sealed class GraphNotFoundException(string graph, IEnumerable<string> known)
    : RunException($"There is no graph '{graph}'. {Advice([.. known.Order(StringComparer.Ordinal)])}")
{
    /// <summary>Gets the name that was asked for.</summary>
    [Id(0)]
    public string Graph { get; } = graph;

    private static string Advice(string[] known) => known.Length > 0
        ? $"The graphs there are: {string.Join(", ", known)}."
        : "No silo has any: add graphs where a silo is set up.";
}

/// <summary>Another run or an edit holds the thread.</summary>
[GenerateSerializer, Alias("OrleansRuns.ThreadBusyException")]
public sealed class ThreadBusyException(string threadId, string holder)
    : RunException(
        $"Thread '{threadId}' is busy: '{holder}' holds it. Wait for it to finish, cancel it, or use another thread.", holder, threadId);

/// <summary>The run id was used before with a different request.</summary>
[GenerateSerializer, Alias("OrleansRuns.RunConflictException")]
public sealed class RunConflictException(string runId)
    : RunException(
        $"Run '{runId}' already exists with a different request under the same run id or idempotency key. Use a new one, or repeat the "
        + "request unchanged.",
        runId);

/// <summary>The input, the answer, the edit or the checkpoint does not fit. Nothing was changed.</summary>
[GenerateSerializer, Alias("OrleansRuns.InvalidRunRequestException")]
public sealed class InvalidRunRequestException : RunException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What was wrong and what to do.</param>
    /// <param name="path">The JSON path to the member that does not fit, such as "$.folder".</param>
    /// <param name="inner">What found it.</param>
    public InvalidRunRequestException(string message, string? path = null, Exception? inner = null)
        : base(message, inner: inner) => Path = path;

    /// <summary>Gets the JSON path to the member that does not fit.</summary>
    [Id(0)]
    public string? Path { get; private set; }
}

/// <summary>The database does not answer. What was asked may be asked again; starting a run again starts no second one.</summary>
[GenerateSerializer, Alias("OrleansRuns.RunStoreUnavailableException")]
public sealed class RunStoreUnavailableException(string problem)
    : RunException($"The runs' database does not answer: {problem} Ask again.");

/// <summary>A run ended as something else than a success.</summary>
[GenerateSerializer, Alias("OrleansRuns.RunFailedException")]
public sealed class RunFailedException : RunException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="run">The run as it ended.</param>
    public RunFailedException(RunSnapshot run)
        : base($"Run '{run.RunId}' ended as {WireName.Of(run.Status)}{Because(run)}", run.RunId, run.ThreadId) => Run = run;

    /// <summary>Gets the run as it ended.</summary>
    [Id(0)]
    public RunSnapshot Run { get; private set; }

    private static string Because(RunSnapshot run) =>
        (run.StopReason is { } reason ? $" ({WireName.Of(reason)})" : "") + (run.Error is { } error ? $": {error}" : ".");
}
