namespace OrleansRuns.Graphs;

/// <summary>A value with a merge of its author's own, for a property that parallel nodes may write.</summary>
/// <typeparam name="TSelf">The type itself: an immutable value.</typeparam>
public interface IMergeable<TSelf>
    where TSelf : IMergeable<TSelf>
{
    /// <summary>Merges one node's value into what was merged so far. The result must not depend on the order of the nodes.</summary>
    /// <param name="before">The value before the superstep.</param>
    /// <param name="current">What was merged so far; <paramref name="before"/> for the first node.</param>
    /// <param name="incoming">The node's value.</param>
    static abstract TSelf Merge(TSelf before, TSelf current, TSelf incoming);
}

/// <summary>Marks the types that carry their own journal.</summary>
internal interface IChannelValue;
