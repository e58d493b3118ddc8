using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Asks an execution to end before it is done, and says as what. The first request decides.</summary>
internal sealed class RunStop : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private RunOutcome? _outcome;

    /// <summary>Gets the token of the nodes.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>Gets how an execution ends that was stopped.</summary>
    internal RunOutcome Outcome => _outcome ?? new RunOutcome { Status = RunStatus.Interrupted };

    public void Dispose() => _source.Dispose();

    /// <summary>Asks the execution to end.</summary>
    /// <returns>A task that completes when the callbacks of the token, which are the nodes' own code, have run on the pool.</returns>
    internal Task RequestAsync(RunStatus status, StopReason reason, string? error = null)
    {
        Interlocked.CompareExchange(ref _outcome, new RunOutcome { Status = status, StopReason = reason, Error = error }, null);
        return _source.CancelAsync();
    }
}
