using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Which silos, of all clusters on this database, may own runs. The database's clock says which leases have expired.</summary>
/// <remarks>
/// Inside a cluster its membership says who is alive. The leases are for what a cluster cannot see: the silos of another cluster on the
/// same database, and the graphs that each silo has.
/// </remarks>
public interface IOwnerLeases
{
    /// <summary>Takes or renews the lease of a silo: from now on it is live for the duration.</summary>
    /// <param name="owner">The silo.</param>
    /// <param name="graphs">The graphs it has: fingerprints by name.</param>
    /// <param name="duration">How long the lease is good when it is not renewed.</param>
    /// <param name="cancellationToken">Cancels the write before it is sent.</param>
    Task HoldAsync(
        RunOwner owner, ImmutableSortedDictionary<string, string> graphs, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives a lease back. Does nothing when there is none.</summary>
    Task ReleaseAsync(RunOwner owner, CancellationToken cancellationToken);

    /// <summary>Marks a lease, so that the others begin no runs on its silo, or takes the mark off. Renewing keeps it.</summary>
    /// <param name="owner">The silo. Nothing is done when it has no lease.</param>
    /// <param name="isCordoned">Whether it is cordoned.</param>
    /// <param name="cancellationToken">Cancels the write before it is sent.</param>
    Task CordonAsync(RunOwner owner, bool isCordoned, CancellationToken cancellationToken);

    /// <summary>Lists the leases that have not expired.</summary>
    Task<ImmutableArray<OwnerLease>> ListLiveAsync(CancellationToken cancellationToken);

    /// <summary>Lists the runs that are not final and that somebody has to look after, oldest first.</summary>
    /// <param name="query">Who asks, and who is known to look after runs.</param>
    /// <param name="after">The last run id of the page before; <see langword="null"/> for the first page.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    Task<ImmutableArray<RunSummary>> ListDueAsync(DueRuns query, string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>A silo that may own runs.</summary>
/// <param name="Owner">The silo.</param>
/// <param name="Graphs">The graphs it has: fingerprints by name.</param>
/// <param name="StartedAt">When it took the lease first, by the database's clock.</param>
public sealed record OwnerLease(RunOwner Owner, ImmutableSortedDictionary<string, string> Graphs, DateTimeOffset StartedAt)
{
    /// <summary>Gets whether no runs are to begin on the silo.</summary>
    public bool IsCordoned { get; init; }
}

/// <summary>Which runs a silo looks for.</summary>
/// <remarks>
/// Those that are not final and have one of:
/// <list type="bullet">
/// <item>an owner without a live lease, or one of this cluster that is not among the live ones, or none although they have begun;</item>
/// <item>an accepted cancel, unless they are another cluster's: it may not have been delivered;</item>
/// <item>the owner that asks, when it wants its own as well.</item>
/// </list>
/// What nobody has begun has no owner and waits for room (<see cref="IRunCatalog.ListReadyAsync"/>).
/// </remarks>
public sealed record DueRuns
{
    /// <summary>Gets the silo that asks.</summary>
    public required RunOwner Self { get; init; }

    /// <summary>Gets the silos of its cluster that are alive, as its membership says.</summary>
    public required ImmutableArray<RunOwner> Live { get; init; }

    /// <summary>Gets whether it wants the runs that it owns itself, to see whether it really executes them.</summary>
    public bool IncludesOwn { get; init; }
}
