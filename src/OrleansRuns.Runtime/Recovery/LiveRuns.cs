namespace OrleansRuns.Runtime;

/// <summary>The runs that an activation on this silo works on, and the gate that they come in by.</summary>
/// <remarks>What the database says is this silo's and is not here was left behind.</remarks>
internal sealed class LiveRuns(RecoverySignal signal)
{
    private readonly Lock _lock = new();
    private readonly List<IDrainedRun> _runs = [];
    private readonly Dictionary<string, int> _activations = new(StringComparer.Ordinal);
    private volatile bool _isClosed;
    private volatile bool _isCordoned;
    private TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets whether runs may begin on this silo.</summary>
    internal bool IsOpen => !_isClosed && !_isCordoned;

    /// <summary>Gets whether the gate is closed for good: the silo stops.</summary>
    internal bool IsClosed => _isClosed;

    /// <summary>Gets whether an operator keeps runs from beginning on this silo.</summary>
    internal bool IsCordoned => _isCordoned;

    /// <summary>Gets a task that completes when the next cordon is undone.</summary>
    internal Task Opened
    {
        get
        {
            lock (_lock)
            {
                return _opened.Task;
            }
        }
    }

    /// <summary>Gets the runs that are here now, oldest first.</summary>
    internal IReadOnlyList<IDrainedRun> Runs
    {
        get
        {
            lock (_lock)
            {
                return [.. _runs];
            }
        }
    }

    internal bool Contains(string runId)
    {
        lock (_lock)
        {
            return _activations.ContainsKey(runId);
        }
    }

    /// <summary>Takes a run in, unless the gate is closed.</summary>
    /// <returns>Whether it may begin. The drain knows of every run that may, whenever the gate closes.</returns>
    internal bool TryEnter(IDrainedRun run)
    {
        lock (_lock)
        {
            // What is cancelled only writes that it is, and whoever cancels it need not wait for another silo.
            if (_isClosed || (_isCordoned && run.Row.CancelAction is null))
            {
                return false;
            }

            _runs.Add(run);
            // An activation may end after the next one of the same run has begun.
            _activations[run.Row.RunId] = _activations.GetValueOrDefault(run.Row.RunId) + 1;
            return true;
        }
    }

    /// <summary>Takes a run out.</summary>
    /// <param name="run">The run.</param>
    /// <param name="isFinal">Whether nobody has to look after it any more.</param>
    internal void Leave(IDrainedRun run, bool isFinal)
    {
        lock (_lock)
        {
            _runs.Remove(run);
            if (--_activations[run.Row.RunId] == 0)
            {
                _activations.Remove(run.Row.RunId);
            }

            if (isFinal || _isClosed)
            {
                return;
            }
        }

        signal.Raise(RecoveryReason.RunLeft);
    }

    /// <summary>Closes the gate until the cordon is undone.</summary>
    /// <returns>The runs that came in before, oldest first.</returns>
    internal IReadOnlyList<IDrainedRun> Cordon()
    {
        lock (_lock)
        {
            _isCordoned = true;
            return [.. _runs];
        }
    }

    /// <summary>Opens the gate that a cordon has closed, and has what waits before it looked for.</summary>
    internal void Uncordon()
    {
        lock (_lock)
        {
            if (!_isCordoned)
            {
                return;
            }

            _isCordoned = false;
            _opened.SetResult();
            _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        signal.Raise(RecoveryReason.Uncordoned);
    }

    /// <summary>Closes the gate for good.</summary>
    /// <returns>The runs that came in before, oldest first.</returns>
    internal IReadOnlyList<IDrainedRun> Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            return [.. _runs];
        }
    }
}
