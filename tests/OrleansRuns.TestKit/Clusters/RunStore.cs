using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>What a cluster writes to. It outlives the cluster, as a database does.</summary>
/// <param name="Hooks">The catalog, with hooks that let a test come between.</param>
/// <param name="Log">The thread logs.</param>
public sealed record RunStore(HookedRunCatalog Hooks, IThreadLogStore Log)
{
    /// <summary>Gets the catalog.</summary>
    public IRunCatalog Catalog => Hooks;

    /// <summary>Makes a new store in memory.</summary>
    public static RunStore InMemory() => new(new HookedRunCatalog(new MemoryRunCatalog()), new MemoryThreadLogStore());
}
