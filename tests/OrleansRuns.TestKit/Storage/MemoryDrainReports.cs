using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Drain reports in memory.</summary>
public sealed class MemoryDrainReports : IDrainReports
{
    private readonly ConcurrentDictionary<(string Silo, DateTimeOffset StartedAt), DrainReport> _reports = new();

    /// <inheritdoc/>
    public Task SaveAsync(DrainReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        _reports.TryAdd((report.Silo, report.StartedAt), report);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<DrainReport>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 100);
        return Task.FromResult(_reports.Values
            .OrderByDescending(report => report.StartedAt)
            .ThenBy(report => report.Silo, StringComparer.Ordinal)
            .Take(limit)
            .ToImmutableArray());
    }
}
