using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>A thread at one of its checkpoints: the state, and what its tasks have written since.</summary>
internal sealed record ThreadPoint
{
    /// <summary>Gets the graph the checkpoint is of.</summary>
    internal required CompiledGraph Graph { get; init; }

    /// <summary>Gets the checkpoint.</summary>
    internal required Checkpoint Checkpoint { get; init; }

    /// <summary>Gets the writes of the superstep that follows, those of subgraphs included.</summary>
    internal required ImmutableArray<PendingTask> Pending { get; init; }

    /// <summary>Gets the run or edit that made the checkpoint.</summary>
    internal required string RunId { get; init; }

    /// <summary>Gets when the checkpoint was made.</summary>
    internal required DateTimeOffset At { get; init; }

    /// <summary>Gets whether the log repeats the checkpoint here from an earlier entry.</summary>
    internal bool IsRepeated { get; init; }

    /// <summary>Gets whether a later checkpoint follows in the log.</summary>
    internal bool IsFollowed { get; init; }

    /// <summary>Gets the questions that wait for an answer.</summary>
    internal ImmutableArray<Interrupt> Interrupts =>
        [.. Pending.Where(task => !task.Writes.Finished).SelectMany(task => task.Writes.Interrupts)];

    /// <summary>Gets the names of the nodes that have to run next, in their order; of a checkpoint of the past, that had to.</summary>
    /// <remarks>How many tasks were durable before the next checkpoint was is chance: once it is there, it says nothing of them.</remarks>
    internal ImmutableArray<string> Next =>
        [.. Checkpoint.Tasks.Where(task => IsFollowed || !HasFinished(task)).Select(task => task.Node)];

    /// <summary>Gets the pending writes of the checkpoint's own tasks.</summary>
    internal IEnumerable<TaskWrites> Own =>
        Pending.Where(task => task.Namespace == Checkpoint.Namespace).Select(task => task.Writes);

    /// <summary>Checks an answer against the questions that wait.</summary>
    /// <exception cref="InvalidRunRequestException">It is not clear what is answered, or the answer does not fit.</exception>
    internal void CheckAnswer(JsonElement answer) => Checked(() => ResumeAnswers.Apply(Pending, answer));

    private bool HasFinished(GraphTask task) => Own.Any(writes => writes.TaskId == task.Id && writes.Finished);

    /// <summary>Asks the engine, and tells a caller what it finds wrong in a form that every client can read.</summary>
    /// <exception cref="InvalidRunRequestException">The engine found something wrong.</exception>
    internal static T Checked<T>(Func<T> engine)
    {
        try
        {
            return engine();
        }
        catch (GraphInputException exception)
        {
            // The engine's own exception stays here: a client does not have its type.
            throw new InvalidRunRequestException(exception.Message, exception.Path);
        }
    }
}
