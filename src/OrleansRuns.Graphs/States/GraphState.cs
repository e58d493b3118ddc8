namespace OrleansRuns.Graphs;

/// <summary>The root of every graph's state: a sealed record with init-only properties, one a channel.</summary>
/// <remarks>
/// Carries a private mark that 'with' copies and 'new' does not, so that a state that was not made from the one a node was given is
/// caught by one comparison.
/// </remarks>
public abstract record GraphState
{
    internal object? Lineage { get; set; }

    /// <summary>Compares the types alone; a derived record compares its own members.</summary>
    /// <param name="other">The state to compare with.</param>
    public virtual bool Equals(GraphState? other) => other is not null && EqualityContract == other.EqualityContract;

    /// <inheritdoc/>
    public override int GetHashCode() => EqualityContract.GetHashCode();
}
