using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What no simulated process takes with it when it dies: what is durable, and what its nodes did outside.</summary>
internal sealed class SimulatedWorld(int seed)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _finishedTasks = new(StringComparer.Ordinal);
    private readonly HashSet<string> _checkpoints = new(StringComparer.Ordinal);
    private readonly HashSet<string?> _folded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _failedIn = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    /// <summary>Gets the idempotency keys of all executions.</summary>
    internal IReadOnlyCollection<string> Keys => _keys;

    /// <summary>Gets what must not have happened.</summary>
    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>Gets how many attempts of nodes began.</summary>
    internal int Executions { get; private set; }

    internal int Retries { get; private set; }

    internal int Failures { get; private set; }

    /// <summary>Lets a process end in the middle of everything: what its nodes do from now on counts for nothing.</summary>
    internal void Kill(SimulatedProcess process)
    {
        lock (_lock)
        {
            process.IsDead = true;
        }
    }

    internal void Durable(LogEntry entry)
    {
        lock (_lock)
        {
            _finishedTasks.UnionWith(entry.Records.OfType<WritesLogRecord>()
                .SelectMany(record => record.Tasks).Where(task => task.Finished).Select(task => task.TaskId));
            foreach (var record in entry.Records.OfType<CheckpointLogRecord>().Where(record => record.RunId is null))
            {
                _checkpoints.Add(record.Checkpoint.Id);
                _folded.Add(record.Checkpoint.ParentId);
            }
        }
    }

    internal void Told(string? checkpointId)
    {
        lock (_lock)
        {
            if (checkpointId is not null && !_checkpoints.Contains(checkpointId))
            {
                _problems.Add($"checkpoint {checkpointId} was told before it was durable");
            }
        }
    }

    internal void Enter(SimulatedProcess process, NodeContext node)
    {
        lock (_lock)
        {
            if (process.IsDead)
            {
                throw new OperationCanceledException("The process is dead.");
            }

            // Code that was left behind may begin long after its run has ended.
            node.CancellationToken.ThrowIfCancellationRequested();

            Executions++;
            _keys.Add(node.IdempotencyKey);
            if (_finishedTasks.Contains(node.TaskId) || _folded.Contains(node.CheckpointId))
            {
                _problems.Add($"node {node.Node} of step {node.Step} in '{node.Namespace}' ran again after its writes were durable");
            }
        }
    }

    /// <summary>Fails what the seed says: for one attempt, or for a whole run.</summary>
    internal void Fail(NodeContext node)
    {
        var draw = new Random(HashCode(node)).Next(12);
        lock (_lock)
        {
            if (draw == 0 && _failedIn.TryAdd(node.IdempotencyKey, node.RunId) | _failedIn[node.IdempotencyKey] == node.RunId)
            {
                Failures++;
                throw new InvalidOperationException("This node fails in this run.");
            }

            if (draw is 1 or 2 && node.Attempt == 1)
            {
                Retries++;
                throw new TimeoutException("This attempt fails.");
            }
        }
    }

    /// <summary>Draws the same for the same task in every process and every simulation of the seed.</summary>
    private int HashCode(NodeContext node) =>
        node.Node.Aggregate(seed + (node.Step * 7919) + (node.Namespace.Length * 31), (hash, one) => unchecked((hash * 17) + one));
}
