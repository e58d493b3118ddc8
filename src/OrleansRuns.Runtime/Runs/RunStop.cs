using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Asks an execution to end before it is done, and says as what. The first request decides.</summary>
internal sealed class RunStop : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenSource _drain = new();
    private RunOutcome? _outcome;
    private volatile bool _hasLeftNodes;

    /// <summary>Gets how fast the execution goes: what whoever stops it would have to wait for.</summary>
    internal RunPace Pace { get; } = new();

    /// <summary>Gets the token of the nodes.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>Gets a token that is cancelled when the superstep under way is to be the last one here.</summary>
    internal CancellationToken Draining => _drain.Token;

    /// <summary>Gets whether a node did not listen, so that the execution goes on without it.</summary>
    internal bool HasLeftNodes => _hasLeftNodes;

    /// <summary>Gets how an execution ends that was stopped.</summary>
    internal RunOutcome Outcome => _outcome ?? new RunOutcome
    {
        Status = RunStatus.Interrupted,
        StopReason = _drain.IsCancellationRequested ? StopReason.Drained : null,
    };

    public void Dispose()
    {
        _source.Dispose();
        _drain.Dispose();
    }

    /// <summary>Asks the execution to begin no further superstep. Nothing of a node hears of it.</summary>
    internal void RequestDrain() => _drain.Cancel();

    /// <summary>Notes that a node does not listen.</summary>
    internal void NodeLeftBehind() => _hasLeftNodes = true;

    /// <summary>Asks the execution to end.</summary>
    /// <returns>A task that completes when the callbacks of the token have run on the pool. Those of nodes are not waited for.</returns>
    internal Task RequestAsync(RunStatus status, StopReason? reason, string? error = null)
    {
        Interlocked.CompareExchange(ref _outcome, new RunOutcome { Status = status, StopReason = reason, Error = error }, null);
        return _source.CancelAsync();
    }
}
