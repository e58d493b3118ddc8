using System.Collections.Concurrent;
using OrleansRuns.Graphs;

namespace OrleansRuns.TestKit;

/// <summary>Gates that nodes of the sample graphs stop at until a test opens them, one for each thread.</summary>
public sealed class Gates
{
    private readonly ConcurrentDictionary<string, Gate> _gates = new(StringComparer.Ordinal);
    private volatile bool _isAlwaysOpen;

    /// <summary>Gets a thread's gate.</summary>
    /// <param name="threadId">The thread.</param>
    public Gate Of(string threadId)
    {
        var gate = _gates.GetOrAdd(threadId, static id => new Gate(id));
        if (_isAlwaysOpen)
        {
            gate.Open();
        }

        return gate;
    }

    /// <summary>Counts how often nodes of some threads have arrived.</summary>
    /// <param name="threadIds">The threads.</param>
    public int Arrivals(IEnumerable<string> threadIds) => threadIds.Sum(threadId => Of(threadId).Arrivals);

    /// <summary>Opens every gate, also those to come.</summary>
    public void OpenAll()
    {
        _isAlwaysOpen = true;
        foreach (var gate in _gates.Values)
        {
            gate.Open();
        }
    }

    internal Gate Of(NodeContext node) => Of(node.ThreadId);
}

/// <summary>A gate that a node stops at.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _open = new();
    private readonly string _name;
    private int _arrivals;

    internal Gate(string name) => _name = name;

    /// <summary>Gets how often a node has arrived.</summary>
    public int Arrivals => Volatile.Read(ref _arrivals);

    /// <summary>Waits until a node stands at the gate.</summary>
    public Task ReachedAsync() => _reached.Task.WithinAsync($"a node to reach the gate of '{_name}'");

    /// <summary>Opens the gate for good.</summary>
    public void Open()
    {
        _opened.TrySetResult();
        _open.Set();
    }

    /// <summary>Stops a node without holding a thread.</summary>
    /// <param name="cancellationToken">Lets the node go.</param>
    public Task PassAsync(CancellationToken cancellationToken)
    {
        Arrive();
        return _opened.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Stops a node and the thread it runs on.</summary>
    internal void PassBlocking()
    {
        Arrive();
        _open.Wait();
    }

    private void Arrive()
    {
        Interlocked.Increment(ref _arrivals);
        _reached.TrySetResult();
    }
}
