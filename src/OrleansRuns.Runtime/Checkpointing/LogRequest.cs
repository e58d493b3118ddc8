using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>What was handed in to an appender and waits to be durable.</summary>
internal sealed class LogRequest
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal CompiledGraph? Graph { get; init; }

    internal string Namespace { get; init; } = "";

    internal CheckpointDraft? Draft { get; init; }

    internal WritesLogRecord? Writes { get; init; }

    internal IReadOnlyList<LogRecord> Records { get; init; } = [];

    /// <summary>Gets the writes that the checkpoint holds, which need not be written any more.</summary>
    internal IReadOnlyList<LogRequest> Overtaken { get; init; } = [];

    /// <summary>Gets what to tell when it is durable.</summary>
    internal IReadOnlyList<Telling> Tellings { get; init; } = [];

    internal string? Id { get; set; }

    internal Checkpoint? Checkpoint { get; set; }

    internal Task Done => _done.Task;

    internal IEnumerable<LogRecord> ToRecords(bool full)
    {
        foreach (var record in Records)
        {
            yield return record;
        }

        if (Writes is not null)
        {
            yield return Writes;
        }

        if (Draft is not null)
        {
            yield return ToCheckpoint(full);
        }
    }

    internal CheckpointLogRecord ToCheckpoint(bool full) => new()
    {
        Namespace = Namespace,
        Checkpoint = Draft!.ToRecord(Id!, full || Checkpoint!.ParentId is null),
    };

    internal void Complete(Exception? failure)
    {
        foreach (var request in Overtaken)
        {
            request.Complete(failure);
        }

        if (failure is null)
        {
            _done.TrySetResult();
        }
        else
        {
            _done.TrySetException(failure);
        }
    }
}

/// <summary>The newest checkpoint of a namespace that is alive, as a base repeats it.</summary>
internal sealed record LiveCheckpoint(CompiledGraph Graph, Checkpoint Checkpoint, string RunId, DateTimeOffset At)
{
    internal CheckpointLogRecord Repeat() => new()
    {
        Namespace = Checkpoint.Namespace,
        Checkpoint = Graph.ToFullRecord(Checkpoint),
        RunId = RunId,
        At = At,
    };
}
