namespace OrleansRuns.Graphs;

/// <summary>Tells the types of the base library from an author's own.</summary>
internal static class SystemTypes
{
    internal static bool IsOfSystem(this Type type) =>
        type.Namespace is "System" || type.Namespace?.StartsWith("System.", StringComparison.Ordinal) == true;
}
