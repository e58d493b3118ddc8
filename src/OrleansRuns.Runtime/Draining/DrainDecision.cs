using System.Diagnostics;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>How far a run is that is drained.</summary>
internal enum DrainProgress
{
    /// <summary>Something of it still runs or writes.</summary>
    Working,

    /// <summary>Nothing of it runs any more, but the database does not say how it ended.</summary>
    Unsettled,

    /// <summary>Its end is being written for it.</summary>
    Writing,

    /// <summary>What the database says of it is true, and nothing of it will change that here.</summary>
    Settled,
}

/// <summary>What is done for a run.</summary>
internal enum DrainStep
{
    /// <summary>It is waited for.</summary>
    Wait,

    /// <summary>Its nodes are cancelled.</summary>
    Cancel,

    /// <summary>Its end is written for it.</summary>
    Write,

    /// <summary>It is told of as not persisted.</summary>
    GiveUp,

    /// <summary>It is done with.</summary>
    Done,
}

/// <summary>As what an attempt ends.</summary>
internal enum DrainedAs
{
    /// <summary>As it ended by itself.</summary>
    AsItEnded,

    /// <summary>As its accepted cancel wants.</summary>
    Cancelled,

    /// <summary>Interrupted, to be continued elsewhere.</summary>
    Resumable,

    /// <summary>Interrupted for good.</summary>
    Stopped,
}

/// <summary>What a drain does with a run, and as what the run ends. Pure.</summary>
internal static class DrainDecision
{
    /// <summary>Decides what is done for a run now.</summary>
    internal static DrainStep Next(DrainPhase phase, DrainProgress progress) => (phase, progress) switch
    {
        (_, DrainProgress.Settled) => DrainStep.Done,
        (DrainPhase.Reporting, _) => DrainStep.GiveUp,
        (_, DrainProgress.Unsettled) => DrainStep.Write,
        (_, DrainProgress.Writing) => DrainStep.Wait,
        (DrainPhase.Finishing, _) => DrainStep.Wait,
        (DrainPhase.Cancelling, _) => DrainStep.Cancel,
        (DrainPhase.Writing, _) => DrainStep.Write,
        _ => throw new UnreachableException(),
    };

    /// <summary>Decides as what an attempt ends, after it was waited for.</summary>
    /// <param name="ended">How it ended; <see cref="RunStatus.Interrupted"/> when it was stopped or left behind.</param>
    /// <param name="intent">The accepted cancel, if there is one.</param>
    /// <param name="isDrained">Whether its silo has asked it to stop; otherwise only a cancel can have stopped it.</param>
    /// <param name="policy">What becomes of it when its silo stops.</param>
    internal static DrainedAs EndOf(RunStatus ended, CancelAction? intent, bool isDrained, RecoveryPolicy policy) =>
        (ended, intent, isDrained, policy) switch
        {
            (RunStatus.Pending or RunStatus.Running, _, _, _) =>
                throw new ArgumentOutOfRangeException(nameof(ended), ended, "An attempt does not end as this."),
            // Whatever it ended as: a cancel that was accepted before is what its caller was told.
            (_, not null, _, _) => DrainedAs.Cancelled,
            (RunStatus.Success or RunStatus.Error or RunStatus.Timeout, _, _, _) => DrainedAs.AsItEnded,
            (RunStatus.Interrupted, _, false, _) => DrainedAs.Cancelled,
            (RunStatus.Interrupted, _, true, RecoveryPolicy.Stop) => DrainedAs.Stopped,
            (RunStatus.Interrupted, _, true, _) => DrainedAs.Resumable,
            _ => throw new UnreachableException(),
        };

    /// <summary>Decides what is told of a run.</summary>
    /// <param name="status">What the database says of it.</param>
    /// <param name="isDrained">Whether the drain has stopped it: it is interrupted because its silo stops.</param>
    /// <param name="isSettled">Whether that is true and stays so.</param>
    /// <param name="isWrittenForIt">Whether it did not write it itself.</param>
    internal static DrainOutcome OutcomeOf(RunStatus status, bool isDrained, bool isSettled, bool isWrittenForIt) =>
        !isSettled ? DrainOutcome.NotPersisted
        : isWrittenForIt && status == RunStatus.Interrupted ? DrainOutcome.TimedOut
        : status is RunStatus.Pending or RunStatus.Running || isDrained ? DrainOutcome.Interrupted
        : DrainOutcome.Completed;

    /// <summary>Decides how far the drain had to go for a run.</summary>
    /// <param name="isCancelled">Whether its nodes were cancelled.</param>
    /// <param name="isLeftBehind">Whether something of it did not end in time all the same.</param>
    internal static DrainSignal SignalOf(bool isCancelled, bool isLeftBehind) =>
        isLeftBehind ? DrainSignal.LeftBehind : isCancelled ? DrainSignal.Cancellation : DrainSignal.Request;
}
