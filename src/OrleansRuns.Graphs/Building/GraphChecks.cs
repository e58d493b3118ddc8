using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>Finds the mistakes of a graph before it ever runs.</summary>
internal static class GraphChecks
{
    /// <summary>Every link of the graph, those of commands and error handlers included, without repetitions and in a fixed order.</summary>
    internal static ImmutableArray<Link> Links<TState>(GraphBuilder<TState> builder)
        where TState : GraphState, new()
    {
        var drawn = builder.Links.Select(link => new Link(link.Kind, Names(link.From), Names(link.To)));
        var commands = builder.Nodes.Where(node => !node.GoesTo.IsEmpty)
            .Select(node => new Link(LinkKind.Command, [node.Name], Names(node.GoesTo)));
        var errors = builder.Nodes.Where(node => node.Options.OnError is not null)
            .Select(node => new Link(LinkKind.Error, [node.Name], [node.Options.OnError!.Name]));
        return
        [
            .. drawn.Concat(commands).Concat(errors)
                .DistinctBy(link => (link.Kind, string.Join('|', link.From), string.Join('|', link.To)))
                .OrderBy(link => string.Join('|', link.From), StringComparer.Ordinal)
                .ThenBy(link => link.Kind)
                .ThenBy(link => string.Join('|', link.To), StringComparer.Ordinal),
        ];
    }

    internal static void Check<TState>(GraphBuilder<TState> builder, List<string> problems)
        where TState : GraphState, new()
    {
        CheckNames(builder.Nodes.Select(node => node.Name), problems);
        foreach (var node in builder.Nodes)
        {
            CheckOptions(node, problems);
        }

        var known = builder.Nodes.Select(node => node.Handle).Append(Node.Start).Append(Node.End)
            .ToHashSet(ReferenceEqualityComparer.Instance);
        problems.AddRange(UsedNodes(builder).Where(node => !known.Contains(node)).Select(node => node.Name).Distinct().Select(name =>
            $"Node '{name}' is used but was not added to this graph under this name without a private argument."));
        CheckDirections(builder, problems);
        CheckPaths([.. builder.Nodes.Select(node => node.Name).Distinct()], Links(builder), problems);
    }

    private static IEnumerable<Node> UsedNodes<TState>(GraphBuilder<TState> builder)
        where TState : GraphState, new() =>
        builder.Links.SelectMany(link => link.From.Concat(link.To))
            .Concat(builder.Nodes.SelectMany(node => node.GoesTo))
            .Concat(builder.Nodes.Select(node => node.Options.OnError).OfType<Node>());

    private static void CheckNames(IEnumerable<string> names, List<string> problems)
    {
        foreach (var group in names.GroupBy(name => name, StringComparer.Ordinal))
        {
            if (string.IsNullOrWhiteSpace(group.Key))
            {
                problems.Add("A node has an empty name.");
            }
            else if (group.Key.StartsWith("__", StringComparison.Ordinal) || group.Key.AsSpan().ContainsAny(':', '|')
                || group.Key.Any(char.IsControl))
            {
                problems.Add($"Node name '{group.Key}' begins with '__' or contains ':', '|' or a control character.");
            }

            if (group.Count() > 1)
            {
                problems.Add($"Node name '{group.Key}' is used {group.Count()} times.");
            }
        }
    }

    private static void CheckOptions<TState>(NodeDefinition<TState> node, List<string> problems)
        where TState : GraphState, new()
    {
        var options = node.Options;
        (string Name, TimeSpan? Value, TimeSpan Longest)[] durations =
        [
            (nameof(options.Timeout), options.Timeout, NodeOptions.LongestTimeout),
            (nameof(options.IdleTimeout), options.IdleTimeout, NodeOptions.LongestTimeout),
            ($"{nameof(options.Cache)}.{nameof(CachePolicy.TimeToLive)}", options.Cache?.TimeToLive, CachePolicy.LongestTimeToLive),
        ];
        problems.AddRange(durations.Where(duration => duration.Value <= TimeSpan.Zero || duration.Value > duration.Longest)
            .Select(duration => $"Node '{node.Name}': {duration.Name} is {duration.Value}, but must be greater than zero and at most "
                + $"{duration.Longest.TotalDays} days."));
        problems.AddRange((options.Retry?.Problems() ?? []).Select(problem => $"Node '{node.Name}': Retry.{problem}"));
        if (ReferenceEquals(options.OnError, node.Handle))
        {
            problems.Add($"Node '{node.Name}' is its own OnError handler.");
        }

        if (options.Cache is not null && node.Subgraph is not null)
        {
            problems.Add($"Node '{node.Name}' runs a subgraph and cannot be cached. Cache the nodes of the subgraph.");
        }

        if (node.Subgraph is not null && (options.Retry ?? options.Timeout ?? (object?)options.IdleTimeout) is not null)
        {
            problems.Add(
                $"Node '{node.Name}' runs a subgraph, which is not tried again or limited as a whole. Give Retry, Timeout and IdleTimeout "
                + "to the nodes of the subgraph.");
        }

        if (options.Deferred && node.Argument is not null)
        {
            problems.Add($"Node '{node.Name}' takes a private argument and cannot be deferred: a send runs in the next superstep.");
        }
    }

    private static void CheckDirections<TState>(GraphBuilder<TState> builder, List<string> problems)
        where TState : GraphState, new()
    {
        foreach (var (kind, from, to) in builder.Links)
        {
            if (from.Contains(Node.End))
            {
                problems.Add($"An edge leads from Node.End to '{to[0]}'. Nothing follows the end: leave the edge out.");
            }

            // A fan-out's first target is the one node that is sent arguments.
            foreach (var target in kind == LinkKind.FanOut ? to.Skip(1) : to)
            {
                if (target == Node.Start)
                {
                    problems.Add($"An edge leads from '{string.Join("', '", from)}' to Node.Start. Name the node to go back to.");
                }
                else if (target.GetType() != typeof(Node))
                {
                    problems.Add(
                        $"Node '{target}' takes a private argument, but an edge or branch from '{string.Join("', '", from)}' leads to it "
                        + "without one. Use AddFanOut or a command's SendTo.");
                }
            }
        }

        problems.AddRange(builder.Nodes.Where(node => node.GoesTo.Contains(Node.Start))
            .Select(node => $"Command node '{node.Name}' names Node.Start among its targets."));
    }

    private static void CheckPaths(ImmutableArray<string> nodes, ImmutableArray<Link> links, List<string> problems)
    {
        if (!links.Any(link => link.From.Contains(Node.StartName)))
        {
            problems.Add("No edge leaves Node.Start. Add one to the first node: graph.AddEdge(Node.Start, first).");
            return;
        }

        var reached = Closure(Node.StartName, links, link => link.From, link => link.To);
        problems.AddRange(nodes.Where(node => !reached.Contains(node))
            .Select(node => $"Node '{node}' is unreachable: no path leads to it from Node.Start."));
        var ending = Closure(Node.EndName, links, link => link.To, link => link.From);
        problems.AddRange(nodes.Where(node => reached.Contains(node) && !ending.Contains(node))
            .Select(node => $"Node '{node}' has no path to Node.End."));
    }

    private static HashSet<string> Closure(
        string first,
        ImmutableArray<Link> links,
        Func<Link, ImmutableArray<string>> side,
        Func<Link, ImmutableArray<string>> other)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal) { first };
        var open = new Queue<string>(reached);
        while (open.TryDequeue(out var node))
        {
            foreach (var next in links.Where(link => side(link).Contains(node)).SelectMany(link => other(link)).Where(reached.Add))
            {
                open.Enqueue(next);
            }
        }

        return reached;
    }

    private static ImmutableArray<string> Names(ImmutableArray<Node> nodes) => [.. nodes.Select(node => node.Name)];
}
