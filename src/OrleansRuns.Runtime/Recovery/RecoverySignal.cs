namespace OrleansRuns.Runtime;

/// <summary>Why recovery looks for runs before its time.</summary>
internal enum RecoveryReason
{
    /// <summary>
    /// A silo of this cluster was declared dead, or stops and leaves its share undone. Every other silo sees it too, and takes a share.
    /// </summary>
    SiloLeft,

    /// <summary>This silo may claim runs again.</summary>
    LeaseRegained,

    /// <summary>An activation on this silo has ended and its run has not, or a run was asked to leave it and may not have.</summary>
    RunLeft,

    /// <summary>A run could not be told of its cancel, which is durable.</summary>
    CancelNotDelivered,

    /// <summary>Runs may begin on this silo again.</summary>
    Uncordoned,

    /// <summary>Runs that wait on this silo may be able to begin on another: one is no longer cordoned, or has come up.</summary>
    SiloOpened,
}

/// <summary>Wakes the silo's recovery. Reasons that come while it is at work are taken together, each once.</summary>
internal sealed class RecoverySignal
{
    private readonly Lock _lock = new();
    private readonly HashSet<RecoveryReason> _reasons = [];
    private TaskCompletionSource _raised = New();

    internal void Raise(RecoveryReason reason)
    {
        lock (_lock)
        {
            _reasons.Add(reason);
            _raised.TrySetResult();
        }
    }

    /// <summary>Waits for a reason, at most for a time.</summary>
    /// <returns>The reasons since the last wait; empty when the time was over.</returns>
    internal async Task<IReadOnlyCollection<RecoveryReason>> WaitAsync(
        TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Raised(), Task.Delay(atMost, time, over.Token));
        cancellationToken.ThrowIfCancellationRequested();
        await over.CancelAsync();
        return Take();
    }

    private Task Raised()
    {
        lock (_lock)
        {
            return _raised.Task;
        }
    }

    private RecoveryReason[] Take()
    {
        lock (_lock)
        {
            RecoveryReason[] taken = [.. _reasons];
            _reasons.Clear();
            _raised = taken.Length == 0 ? _raised : New();
            return taken;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
