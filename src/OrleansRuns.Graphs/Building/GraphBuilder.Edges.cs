using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

public sealed partial class GraphBuilder<TState>
{
    internal List<(LinkKind Kind, ImmutableArray<Node> From, ImmutableArray<Node> To)> Links { get; } = [];

    internal List<(Node From, Router<TState> Choose)> Routers { get; } = [];

    /// <summary>Lets one node follow another, always.</summary>
    /// <param name="from">The node that is left; <see cref="Node.Start"/> for the first.</param>
    /// <param name="to">The node that follows; <see cref="Node.End"/> after the last.</param>
    public void AddEdge(Node from, Node to) => Link(LinkKind.Edge, [from], [to]);

    /// <summary>Lets a node follow once all the others have run, in whichever supersteps they do; then the count begins anew.</summary>
    /// <param name="from">Two or more nodes.</param>
    /// <param name="to">The node that waits for them.</param>
    public void AddEdge(IEnumerable<Node> from, Node to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ImmutableArray<Node> sources = [.. Known(from).Distinct().OrderBy(node => node.Name, StringComparer.Ordinal)];
        if (sources.Length < 2 || sources.Contains(Node.Start))
        {
            Problems.Add($"The join into '{to}' needs two or more different nodes, and not the start.");
        }

        Link(LinkKind.Join, sources, [to]);
    }

    /// <summary>Lets nodes follow one another: an edge between each and the next.</summary>
    /// <param name="nodes">Two or more nodes.</param>
    public void AddPath(params IEnumerable<Node> nodes)
    {
        var path = Known(nodes);
        if (path.Length < 2)
        {
            Problems.Add("A path needs two or more nodes.");
        }

        foreach (var (from, to) in path.Zip(path.Skip(1)))
        {
            AddEdge(from, to);
        }
    }

    /// <summary>Lets the state choose which node follows.</summary>
    /// <param name="from">The node that is left; <see cref="Node.Start"/> to choose by the input.</param>
    /// <param name="choose">Reads the state with the node's own writes; must not do anything else.</param>
    /// <param name="to">Every node it may choose, <see cref="Node.End"/> included.</param>
    public void AddBranch(Node from, Func<TState, Node> choose, params IEnumerable<Node> to)
    {
        ArgumentNullException.ThrowIfNull(choose);
        AddBranch(from, state => [choose(state)], to);
    }

    /// <summary>Lets the state choose which nodes follow.</summary>
    /// <param name="from">The node that is left; <see cref="Node.Start"/> to choose by the input.</param>
    /// <param name="choose">Reads the state with the node's own writes; must not do anything else.</param>
    /// <param name="to">Every node it may choose, <see cref="Node.End"/> included.</param>
    public void AddBranch(Node from, Func<TState, IEnumerable<Node>> choose, params IEnumerable<Node> to)
    {
        ArgumentNullException.ThrowIfNull(choose);
        ImmutableArray<Node> targets = [.. Known(to).Distinct()];
        if (targets.IsEmpty)
        {
            Problems.Add($"The branch from '{from}' names no node it may choose.");
        }

        Link(LinkKind.Branch, [from], targets);
        Routers.Add((from, state => Targets.Choose(choose(state), targets, $"The branch from node '{from}'")));
    }

    /// <summary>Runs a node once for each item, all in the next superstep.</summary>
    /// <typeparam name="TArg">The item's type.</typeparam>
    /// <param name="from">The node that is left; <see cref="Node.Start"/> to split the input.</param>
    /// <param name="items">Reads the items from the state with the node's own writes; must not do anything else.</param>
    /// <param name="each">The node that is sent each item.</param>
    /// <param name="whenEmpty">The node that follows when there is no item.</param>
    public void AddFanOut<TArg>(Node from, Func<TState, IEnumerable<TArg>> items, Node<TArg> each, Node whenEmpty)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(each);
        Link(LinkKind.FanOut, [from], [each, whenEmpty]);
        Routers.Add((from, Split));

        ImmutableArray<PlannedTask> Split(TState state)
        {
            ImmutableArray<PlannedTask> tasks = [.. items(state).Select(item => each.With(item).Plan())];
            return tasks.IsEmpty ? Targets.Choose([whenEmpty], [whenEmpty], $"The fan-out from node '{from}'") : tasks;
        }
    }

    private void Link(LinkKind kind, ImmutableArray<Node> from, ImmutableArray<Node> to) =>
        Links.Add((kind, Known(from), Known(to)));
}
