namespace OrleansRuns.Graphs;

/// <summary>A digest of everything that decides what a stored plan means.</summary>
internal static class GraphFingerprint
{
    internal static string Of(GraphShape shape) => StableId.Digest(Lines(shape));

    private static IEnumerable<string> Lines(GraphShape shape)
    {
        yield return shape.Channels;
        foreach (var node in shape.Nodes.Values)
        {
            yield return $"node {node.Name} {node.Argument} {node.Options.Deferred} {(node.Subgraph is null ? "" : Of(node.Subgraph))}";
        }

        foreach (var link in shape.Links)
        {
            yield return $"{link.Kind} {string.Join('|', link.From)} {string.Join('|', link.To)}";
        }
    }
}
