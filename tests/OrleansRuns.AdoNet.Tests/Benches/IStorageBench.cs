using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>A store to test, and what a test needs to do behind its back.</summary>
public interface IStorageBench
{
    IThreadLogStore Log { get; }

    IRunCatalog Catalog { get; }

    IRunSearch Search { get; }

    IOwnerLeases Leases { get; }

    IDrainReports Drains { get; }

    /// <summary>Moves the clock of the catalog's rows on.</summary>
    void Advance(TimeSpan by);

    /// <summary>Lets time pass for a lease, whoever's clock counts.</summary>
    Task AgeLeaseAsync(RunOwner owner, TimeSpan by);

    /// <summary>Counts the rows that really are there.</summary>
    Task<long> CountEntriesAsync(string logId);

    /// <summary>Puts bytes where an entry stands.</summary>
    Task OverwriteAsync(string logId, long position, byte[] bytes);

    /// <summary>Removes a thread and its runs, as an operator does.</summary>
    Task RemoveThreadAsync(string threadId);
}
