namespace OrleansRuns.Graphs;

/// <summary>
/// Names the graphs of a run in its checkpoints and events: "" is its own graph, "review:018f|check:77aa" the subgraph that task 77aa of
/// node 'check' runs, inside the one that task 018f of node 'review' runs.
/// </summary>
public static class CheckpointNamespace
{
    private const char Inside = '|';
    private const char Task = ':';

    /// <summary>Gets the namespace of the subgraph that a task runs.</summary>
    /// <param name="parent">The namespace of the graph that the task belongs to.</param>
    /// <param name="node">The task's node.</param>
    /// <param name="taskId">The task's id.</param>
    public static string Of(string parent, string node, string taskId)
    {
        ArgumentNullException.ThrowIfNull(parent);
        return parent.Length == 0 ? $"{node}{Task}{taskId}" : $"{parent}{Inside}{node}{Task}{taskId}";
    }

    /// <summary>Gets the nodes that lead into a subgraph, the outermost first; none for the run's own graph.</summary>
    /// <param name="name">The namespace.</param>
    public static IEnumerable<string> NodesOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Split(Inside, StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split(Task, 2)[0]);
    }
}
