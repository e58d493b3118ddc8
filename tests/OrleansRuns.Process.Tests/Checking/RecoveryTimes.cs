namespace OrleansRuns.Process.Tests;

/// <summary>A silo that was killed.</summary>
/// <param name="At">When it was dead.</param>
/// <param name="Runs">The runs that it had and that had not ended.</param>
internal sealed record SiloKill(DateTimeOffset At, IReadOnlyList<string> Runs);

/// <summary>How long runs stood still when their silo was killed: until their next checkpoint, which another silo has written.</summary>
/// <remarks>A figure to report. Only the long tests judge it: how fast a machine is decides no other.</remarks>
internal sealed class RecoveryTimes
{
    private readonly List<List<TimeSpan>> _times;

    /// <summary>Measures it.</summary>
    /// <param name="kills">The silos that were killed.</param>
    /// <param name="logs">The logs of the threads, once all runs have ended.</param>
    internal RecoveryTimes(IReadOnlyList<SiloKill> kills, ILookup<string, StoredEntry> logs)
    {
        var entries = logs.SelectMany(log => log).ToLookup(entry => entry.RunId, StringComparer.Ordinal);
        _times = kills.Select(kill => kill.Runs.Select(run => Of(kill.At, entries[run])).OfType<TimeSpan>().Order().ToList())
            .Where(run => run.Count > 0)
            .ToList();
    }

    /// <summary>Gets what half of all runs needed at most.</summary>
    internal TimeSpan Median => TimeSpan.FromSeconds(MedianOf(_times.SelectMany(run => run)));

    /// <inheritdoc/>
    public override string ToString() => _times.Count == 0
        ? "no run had to go on elsewhere"
        : $"seconds from kill -9 to the next checkpoint: of {_times.Count} kills the first run median "
          + $"{MedianOf(_times.Select(run => run[0])):f1}, worst {_times.Max(run => run[0].TotalSeconds):f1}; of all "
          + $"{_times.Sum(run => run.Count)} runs median {Median.TotalSeconds:f1}, worst {_times.Max(run => run[^1].TotalSeconds):f1}";

    private static TimeSpan? Of(DateTimeOffset killedAt, IEnumerable<StoredEntry> log) =>
        log.FirstOrDefault(entry => entry.IsCheckpoint && entry.At > killedAt) is { } next ? next.At - killedAt : null;

    private static double MedianOf(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return sorted[sorted.Count / 2].TotalSeconds;
    }
}
