namespace OrleansRuns.Graphs;

/// <summary>The property is never stored: it is there while one process executes the run, and has its default after a resume.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UntrackedAttribute : Attribute;

/// <summary>The property lives for one superstep: one that no node writes has its default in the next.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EphemeralAttribute : Attribute;

/// <summary>The property was stored under another name by an earlier version of the program.</summary>
/// <param name="name">The name as it stands in JSON.</param>
[AttributeUsage(AttributeTargets.Property, AllowMultiple = true)]
public sealed class FormerNameAttribute(string name) : Attribute
{
    /// <summary>Gets the earlier name.</summary>
    public string Name { get; } = name;
}
