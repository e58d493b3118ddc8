using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>The graphs of this silo or program, compiled once.</summary>
public interface IGraphs
{
    /// <summary>Gets the names of the graphs, in ordinal order.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Gets a graph.</summary>
    /// <param name="name">The name it was added by.</param>
    /// <exception cref="Abstractions.GraphNotFoundException">There is no such graph here.</exception>
    CompiledGraph Get(string name);
}
