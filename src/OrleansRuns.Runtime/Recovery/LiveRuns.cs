using System.Collections.Concurrent;

namespace OrleansRuns.Runtime;

/// <summary>The runs that an activation on this silo works on.</summary>
/// <remarks>What the database says is this silo's and is not here was left behind.</remarks>
internal sealed class LiveRuns(RecoverySignal signal)
{
    private readonly ConcurrentDictionary<string, int> _runs = new(StringComparer.Ordinal);

    internal bool Contains(string runId) => _runs.ContainsKey(runId);

    internal void Enter(string runId) => _runs.AddOrUpdate(runId, 1, (_, activations) => activations + 1);

    /// <summary>Takes a run out.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="isFinal">Whether nobody has to look after it any more.</param>
    internal void Leave(string runId, bool isFinal)
    {
        // An activation may end after the next one of the same run has begun.
        if (_runs.AddOrUpdate(runId, 0, (_, activations) => activations - 1) <= 0)
        {
            _runs.TryRemove(KeyValuePair.Create(runId, 0));
        }

        if (!isFinal)
        {
            signal.Raise(RecoveryReason.RunLeft);
        }
    }
}
