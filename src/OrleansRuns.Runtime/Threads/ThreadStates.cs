using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Renders what callers see of a thread. Pure.</summary>
internal static class ThreadStates
{
    /// <summary>Renders a thread at its newest checkpoint, with its status.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="point">The newest checkpoint; <see langword="null"/> when there is none yet.</param>
    /// <param name="newestRun">The newest run, if there is one.</param>
    internal static ThreadSnapshot Newest(ThreadRow thread, ThreadPoint? point, RunSummary? newestRun)
    {
        var state = point is null
            ? new ThreadSnapshot { ThreadId = thread.ThreadId, Graph = thread.Graph, Values = "{}" }
            : At(thread, point);
        return state with { Status = Status(thread, point, newestRun) };
    }

    /// <summary>Renders a thread at one of its checkpoints.</summary>
    internal static ThreadSnapshot At(ThreadRow thread, ThreadPoint point) => new()
    {
        ThreadId = thread.ThreadId,
        Graph = thread.Graph,
        CheckpointId = point.Checkpoint.Id,
        ParentCheckpointId = point.Checkpoint.ParentId,
        Step = point.Checkpoint.Step,
        Source = point.Checkpoint.Source.ToString().ToLowerInvariant(),
        RunId = point.RunId,
        CreatedAt = point.At,
        Values = point.Graph.ToJson(point.Checkpoint).ToJsonString(),
        Next = point.Next,
        Interrupts =
        [
            .. point.Interrupts.Select(interrupt => new PendingInterrupt(
                interrupt.Id, interrupt.Node, interrupt.Value.GetRawText(), interrupt.AnswerSchema?.GetRawText())),
        ],
    };

    /// <summary>Derives a thread's status.</summary>
    internal static ThreadStatus Status(ThreadRow thread, ThreadPoint? point, RunSummary? newestRun) =>
        ThreadSlots.IsHeldByRun(thread) || thread.Waits ? ThreadStatus.Busy : RestOf(point).Status(newestRun);

    private static ThreadRest RestOf(ThreadPoint? point) => new(
        Asks: point is { Interrupts.IsEmpty: false }, PlannedBy: point is { Next.IsEmpty: false } ? point.RunId : null);
}
