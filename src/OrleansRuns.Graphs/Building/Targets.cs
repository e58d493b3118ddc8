using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>Turns nodes that code has chosen into planned tasks, refusing what was not announced.</summary>
internal static class Targets
{
    internal static ImmutableArray<PlannedTask> Choose(IEnumerable<Node> chosen, ImmutableArray<Node> allowed, string who)
    {
        var tasks = ImmutableArray.CreateBuilder<PlannedTask>();
        foreach (var node in chosen)
        {
            // Every path may end, announced or not: a command to the end is no surprise in a drawing.
            if (node is null || (node != Node.End && !allowed.Contains(node)))
            {
                throw new GraphUpdateException(
                    $"{who} chose '{node?.Name ?? "null"}', but was added with: {Names(allowed)}. Name every node it may choose.");
            }

            if (node != Node.End)
            {
                tasks.Add(new() { Node = node.Name });
            }
        }

        return tasks.ToImmutable();
    }

    internal static ImmutableArray<PlannedTask> Of<TState>(Command<TState> command, NodeDefinition<TState> node)
        where TState : GraphState, new()
    {
        var who = $"Node '{node.Name}'";
        foreach (var send in command.Sends)
        {
            if (!node.GoesTo.Contains(send.Target))
            {
                throw new GraphUpdateException(
                    $"{who} sent to '{send.Target}', but was added with: {Names(node.GoesTo)}. Name every node it may send to.");
            }
        }

        if (command.Targets.FirstOrDefault(target => target.GetType() != typeof(Node)) is { } needsArgument)
        {
            throw new GraphUpdateException(
                $"{who} went to '{needsArgument}', which takes a private argument. Use SendTo({needsArgument}.With(…)).");
        }

        return [.. command.Sends.Select(send => send.Plan()), .. Choose(command.Targets, node.GoesTo, who)];
    }

    private static string Names(ImmutableArray<Node> nodes) =>
        nodes.IsEmpty ? "no node" : string.Join(", ", nodes.Select(node => $"'{node}'"));
}
