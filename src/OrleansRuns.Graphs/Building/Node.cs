namespace OrleansRuns.Graphs;

/// <summary>A node of a graph under construction: what edges are drawn between.</summary>
public class Node
{
    internal const string StartName = "__start__";
    internal const string EndName = "__end__";

    internal Node(string name) => Name = name;

    /// <summary>Gets the node every run enters by.</summary>
    public static Node Start { get; } = new(StartName);

    /// <summary>Gets the node that ends a path.</summary>
    public static Node End { get; } = new(EndName);

    /// <summary>Gets the node's name.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A node that is sent a private argument instead of being reached by an edge.</summary>
/// <typeparam name="TArg">The argument's type; it is persisted with the planned task.</typeparam>
public sealed class Node<TArg> : Node
{
    internal Node(string name)
        : base(name)
    {
    }

    /// <summary>Makes one task of this node.</summary>
    /// <param name="argument">The private argument; serialised at once.</param>
    /// <returns>What a command sends.</returns>
    public Send With(TArg argument) => new(this, GraphJson.Serialize(argument, $"the argument of node '{Name}'"));
}
