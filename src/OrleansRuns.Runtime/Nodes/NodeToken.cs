namespace OrleansRuns.Runtime;

/// <summary>The token that a node sees. It is cancelled together with its attempt, but apart from it.</summary>
/// <remarks>
/// What hangs on it is the author's code, which may throw, or never return. On a token of the run's own it would end the process when a
/// timer calls it, and keep whoever waits for the same token from ever hearing of it.
/// </remarks>
#pragma warning disable CA1001 // A source of tokens without a timer holds nothing; when disposed of, it forgets callbacks that are due.
internal sealed class NodeToken : IDisposable
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _source = new();
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<AggregateException> _failed;
    private readonly CancellationTokenRegistration _attempt;

    /// <param name="failed">Hears of what callbacks of the node have thrown.</param>
    /// <param name="attempt">The token of the attempt.</param>
    internal NodeToken(Action<AggregateException> failed, CancellationToken attempt)
    {
        _failed = failed;
        _attempt = attempt.UnsafeRegister(static self => _ = Task.Run(((NodeToken)self!).Tell), this);
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>Gets a task that completes when the node is told, which is when its grace begins.</summary>
    internal Task Told => _told.Task;

    public void Dispose() => _attempt.Dispose();

    private void Tell()
    {
        _told.SetResult();
        try
        {
            _source.Cancel();
        }
        catch (AggregateException exception)
        {
            _failed(exception);
        }
    }
}
