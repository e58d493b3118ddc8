using System.Collections.Immutable;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What a caller may rely on of a run's status, its thread's slot and a cancel: the lines that each have their tests.</summary>
public enum ContractLine
{
    /// <summary>– → pending: durable before anybody sees it; if the write fails, nothing remains and nobody was superseded.</summary>
    Admitted,

    /// <summary>pending → running: a compare-and-set on the attempt; a cancel that raced in wins and no node runs.</summary>
    Begun,

    /// <summary>pending, running → interrupted: cancelled, superseded or drained; never written over a final status.</summary>
    Stopped,

    /// <summary>running → success, error, timeout: an accepted cancel wins; what is not confirmed is not reported.</summary>
    Ended,

    /// <summary>interrupted (resumable), running of a dead silo → running: a compare-and-set on the attempt and the owner.</summary>
    Continued,

    /// <summary>final → anything else: refused.</summary>
    Final,

    /// <summary>One writer: a second run is refused with an error that can be told apart.</summary>
    Reject,

    /// <summary>One writer: a second run waits its turn, also across restarts.</summary>
    Enqueue,

    /// <summary>One writer: the active run is stopped and keeps its checkpoints; the next begins after its last write.</summary>
    Interrupt,

    /// <summary>One writer: the active run is stopped and the thread returns to the state before it.</summary>
    Rollback,

    /// <summary>One writer: edits and copies are refused while a run holds the slot; runs wait or are refused meanwhile.</summary>
    EditHoldsSlot,

    /// <summary>One writer: the head of a queue whose predecessor ended unnoticed begins all the same.</summary>
    QueueHead,

    /// <summary>One writer: an idempotency key gives the same run, or an error for another request.</summary>
    IdempotencyKey,

    /// <summary>Cancel: the intent is durable first, then delivered wherever the run is.</summary>
    CancelIntent,

    /// <summary>Cancel: the first action wins; repeating it is no error.</summary>
    CancelFirstAction,

    /// <summary>Cancel: 'interrupt' keeps the last checkpoint.</summary>
    CancelKeeps,

    /// <summary>Cancel: 'rollback' returns the thread to its state before the run, which vanishes; it fails closed.</summary>
    CancelRollsBack,

    /// <summary>Cancel: a node that ignores its token does not hold the run, and what it returns later is discarded.</summary>
    CancelDeafNode,

    /// <summary>Cancel with wait returns only when the final status is durable.</summary>
    CancelWaits,
}

/// <summary>What happens to the write that decides.</summary>
public enum Trial
{
    /// <summary>Nothing.</summary>
    InOrder,

    /// <summary>It fails.</summary>
    WriteFails,

    /// <summary>It is made, and its answer is lost.</summary>
    AnswerLost,

    /// <summary>It is held open while a competing transition comes in.</summary>
    WriteIsSlow,
}

/// <summary>Says which line of the contract a test proves.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ProvesAttribute(ContractLine line, params Trial[] trials) : Attribute
{
    public ContractLine Line { get; } = line;

    public IReadOnlyList<Trial> Trials { get; } = trials.Length == 0 ? [Trial.InOrder] : trials;
}

/// <summary>Which trials each line has to stand. To find the tests of a line, look for its name.</summary>
internal static class ContractTable
{
    private static readonly Trial[] All = Enum.GetValues<Trial>();

    internal static ImmutableDictionary<ContractLine, Trial[]> Required { get; } = new Dictionary<ContractLine, Trial[]>
    {
        [ContractLine.Admitted] = All,
        [ContractLine.Begun] = All,
        [ContractLine.Stopped] = All,
        [ContractLine.Ended] = All,
        [ContractLine.Continued] = All,
        [ContractLine.Final] = [Trial.InOrder],
        [ContractLine.Reject] = [Trial.InOrder],
        [ContractLine.Enqueue] = All,
        [ContractLine.Interrupt] = All,
        [ContractLine.Rollback] = All,
        [ContractLine.EditHoldsSlot] = [Trial.InOrder, Trial.WriteIsSlow],
        [ContractLine.QueueHead] = [Trial.InOrder],
        [ContractLine.IdempotencyKey] = [Trial.InOrder, Trial.AnswerLost],
        [ContractLine.CancelIntent] = All,
        [ContractLine.CancelFirstAction] = [Trial.InOrder],
        [ContractLine.CancelKeeps] = [Trial.InOrder],
        [ContractLine.CancelRollsBack] = [Trial.InOrder, Trial.WriteFails, Trial.AnswerLost, Trial.WriteIsSlow],
        [ContractLine.CancelDeafNode] = [Trial.InOrder],
        [ContractLine.CancelWaits] = [Trial.WriteFails, Trial.WriteIsSlow],
    }.ToImmutableDictionary();
}
