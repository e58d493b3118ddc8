using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Keeps what became of the runs of silos that stopped or were drained.</summary>
public interface IDrainReports
{
    /// <summary>Stores a report, durable when the task completes. Storing it again changes nothing.</summary>
    /// <param name="report">The report.</param>
    /// <param name="cancellationToken">Cancels before the write is sent.</param>
    Task SaveAsync(DrainReport report, CancellationToken cancellationToken);

    /// <summary>Lists reports, newest first.</summary>
    /// <param name="limit">How many at most, 1 to 100.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit does not fit.</exception>
    Task<ImmutableArray<DrainReport>> ListAsync(int limit, CancellationToken cancellationToken);
}
