using System.Threading.Channels;

namespace OrleansRuns.Runtime;

/// <summary>Why recovery looks for runs before its time.</summary>
internal enum RecoveryReason
{
    /// <summary>A silo of this cluster was declared dead. Every other silo sees it too, and takes a share.</summary>
    SiloDied,

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

/// <summary>Wakes the silo's recovery. Reasons that come while it is at work are taken together.</summary>
internal sealed class RecoverySignal
{
    private readonly Channel<RecoveryReason> _reasons = Channel.CreateBounded<RecoveryReason>(
        // More of the same say nothing new, and a search that begins later finds what the dropped ones were about.
        new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropWrite });

    internal void Raise(RecoveryReason reason) => _reasons.Writer.TryWrite(reason);

    /// <summary>Waits for a reason, at most for a time.</summary>
    /// <returns>The reasons since the last wait; empty when the time was over.</returns>
    internal async Task<IReadOnlyList<RecoveryReason>> WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(
            _reasons.Reader.WaitToReadAsync(over.Token).AsTask(), Task.Delay(atMost, time, over.Token));
        cancellationToken.ThrowIfCancellationRequested();
        await over.CancelAsync();
        var reasons = new List<RecoveryReason>();
        while (_reasons.Reader.TryRead(out var reason))
        {
            reasons.Add(reason);
        }

        return reasons;
    }
}
