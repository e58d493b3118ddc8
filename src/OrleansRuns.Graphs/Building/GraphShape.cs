using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>How one node leads to others.</summary>
internal enum LinkKind
{
    /// <summary>Always.</summary>
    Edge,

    /// <summary>Once every source has arrived.</summary>
    Join,

    /// <summary>A function of the state chooses among the targets.</summary>
    Branch,

    /// <summary>The first target once for each item, the second when there is none.</summary>
    FanOut,

    /// <summary>The node itself chooses among the targets.</summary>
    Command,

    /// <summary>The target takes over when the source has failed for good.</summary>
    Error,
}

/// <summary>One line of the drawing: what may follow what.</summary>
internal sealed record Link(LinkKind Kind, ImmutableArray<string> From, ImmutableArray<string> To)
{
    // Names contain neither '|' nor ':', so two joins never share a key.
    internal string JoinKey => $"{string.Join('|', From)}:{To[0]}";
}

/// <summary>What planning, checking and drawing need to know of a node.</summary>
internal sealed record NodeShape(string Name, NodeOptions Options, string? Argument, GraphShape? Subgraph);

/// <summary>A graph without its code: nodes and links by name.</summary>
internal sealed record GraphShape(
    ImmutableSortedDictionary<string, NodeShape> Nodes, ImmutableArray<Link> Links, string Channels);
