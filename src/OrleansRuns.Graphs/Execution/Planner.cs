using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>One finished task, seen from the plan: the node it leaves and what its branches, fan-outs or commands chose.</summary>
internal sealed record Departure(string Node, ImmutableArray<PlannedTask> Goto)
{
    /// <summary>Gets whether the plain and join edges are followed: not when an error handler took over.</summary>
    public bool FollowsEdges { get; init; } = true;
}

/// <summary>What the next superstep runs, and what waits.</summary>
internal sealed record SuperstepPlan(
    ImmutableArray<PlannedTask> Tasks,
    ImmutableSortedDictionary<string, ImmutableArray<string>> Joins,
    ImmutableArray<string> Deferred)
{
    internal static SuperstepPlan Nothing { get; } =
        new([], ImmutableSortedDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal), []);
}

/// <summary>Plans supersteps: sends first, in the order they were sent, then each triggered node once, by ordinal name.</summary>
internal sealed class Planner(GraphShape shape)
{
    private readonly ILookup<string, string> _edges = shape.Links.Where(link => link.Kind == LinkKind.Edge)
        .ToLookup(link => link.From[0], link => link.To[0], StringComparer.Ordinal);

    private readonly ILookup<string, Link> _joins = shape.Links.Where(link => link.Kind == LinkKind.Join)
        .SelectMany(link => link.From.Select(from => (from, link)))
        .ToLookup(pair => pair.from, pair => pair.link, StringComparer.Ordinal);

    private readonly Dictionary<string, Link> _joinsByKey = shape.Links.Where(link => link.Kind == LinkKind.Join)
        .ToDictionary(link => link.JoinKey, StringComparer.Ordinal);

    /// <summary>Plans the next superstep from the departures, given in task order.</summary>
    internal SuperstepPlan Next(SuperstepPlan waiting, IEnumerable<Departure> departures)
    {
        var sends = ImmutableArray.CreateBuilder<PlannedTask>();
        var triggered = new SortedSet<string>(StringComparer.Ordinal);
        var deferred = new SortedSet<string>(waiting.Deferred, StringComparer.Ordinal);
        var joins = waiting.Joins;
        foreach (var departure in departures)
        {
            foreach (var task in departure.Goto)
            {
                if (NodeOf(task.Node, departure.Node).Argument is null)
                {
                    Trigger(task.Node);
                }
                else
                {
                    sends.Add(task);
                }
            }

            if (departure.FollowsEdges)
            {
                foreach (var target in _edges[departure.Node])
                {
                    Trigger(target);
                }

                joins = Arrive(joins, departure.Node, Trigger);
            }
        }

        if (sends.Count == 0 && triggered.Count == 0 && deferred.Count > 0)
        {
            joins = Begin(joins, deferred);
            (triggered, deferred) = (deferred, triggered);
        }

        sends.AddRange(triggered.Select(name => new PlannedTask { Node = name }));
        return new(sends.ToImmutable(), joins, [.. deferred]);

        void Trigger(string node)
        {
            if (node != Node.EndName)
            {
                (shape.Nodes[node].Options.Deferred ? deferred : triggered).Add(node);
            }
        }
    }

    private ImmutableSortedDictionary<string, ImmutableArray<string>> Arrive(
        ImmutableSortedDictionary<string, ImmutableArray<string>> joins, string node, Action<string> trigger)
    {
        foreach (var join in _joins[node])
        {
            var arrived = joins.GetValueOrDefault(join.JoinKey, []);
            if (!arrived.Contains(node))
            {
                arrived = [.. arrived.Add(node).Order(StringComparer.Ordinal)];
            }

            var full = join.From.All(arrived.Contains);
            // The join of a deferred node stays full until the node really runs: whoever arrives meanwhile belongs to the same round.
            joins = full && !IsDeferred(join.To[0]) ? joins.Remove(join.JoinKey) : joins.SetItem(join.JoinKey, arrived);
            if (full)
            {
                trigger(join.To[0]);
            }
        }

        return joins;
    }

    private ImmutableSortedDictionary<string, ImmutableArray<string>> Begin(
        ImmutableSortedDictionary<string, ImmutableArray<string>> joins, SortedSet<string> deferred) =>
        joins.RemoveRange(joins.Keys.Where(key =>
            _joinsByKey.TryGetValue(key, out var join) && deferred.Contains(join.To[0]) && join.From.All(joins[key].Contains)));

    private bool IsDeferred(string node) => node != Node.EndName && shape.Nodes[node].Options.Deferred;

    private NodeShape NodeOf(string name, string from) => shape.Nodes.GetValueOrDefault(name)
        ?? throw new GraphUpdateException($"Node '{from}' chose node '{name}', which this version of the graph does not have.");
}
