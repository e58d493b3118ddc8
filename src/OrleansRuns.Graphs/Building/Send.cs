using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>One task of a node with a private argument; made by <see cref="Node{TArg}.With"/>.</summary>
public sealed class Send
{
    internal Send(Node target, JsonElement argument)
    {
        Target = target;
        // The log reads a JSON null back as "no argument", so it is no argument from the beginning.
        Argument = argument.ValueKind == JsonValueKind.Null ? null : argument;
    }

    /// <summary>Gets the node that is to run.</summary>
    public Node Target { get; }

    internal JsonElement? Argument { get; }

    internal PlannedTask Plan() => new() { Node = Target.Name, Argument = Argument };
}
