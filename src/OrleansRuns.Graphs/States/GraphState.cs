using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>The root of every graph's state: a sealed record with init-only properties, one a channel.</summary>
/// <remarks>
/// Carries a private mark that 'with' copies and 'new' does not, so that a state that was not made from the one a node was given is
/// caught by one comparison.
/// </remarks>
public abstract record GraphState
{
    internal object? Lineage { get; set; }

    /// <summary>Gets or sets the operations of channels that this version of the type does not have, by name.</summary>
    internal ImmutableSortedDictionary<string, ImmutableArray<JsonElement>> Carried { get; set; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<JsonElement>>(StringComparer.Ordinal);

    /// <summary>Compares the types alone; a derived record compares its own members.</summary>
    /// <param name="other">The state to compare with.</param>
    public virtual bool Equals(GraphState? other) => other is not null && EqualityContract == other.EqualityContract;

    /// <inheritdoc/>
    public override int GetHashCode() => EqualityContract.GetHashCode();
}
