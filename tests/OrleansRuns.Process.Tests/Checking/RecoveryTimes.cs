namespace OrleansRuns.Process.Tests;

/// <summary>A silo that was killed.</summary>
/// <param name="At">When it was dead.</param>
/// <param name="Runs">The runs that it had and that had not ended.</param>
internal sealed record SiloKill(DateTimeOffset At, IReadOnlyList<string> Runs);

/// <summary>How long runs stood still when their silo was killed: until their next checkpoint, which another silo has written.</summary>
/// <remarks>A figure to report, judged by nobody: how fast a machine is decides no test.</remarks>
internal static class RecoveryTimes
{
    internal static string Describe(IReadOnlyList<SiloKill> kills, ILookup<string, StoredEntry> logs)
    {
        var entries = logs.SelectMany(log => log).ToLookup(entry => entry.RunId, StringComparer.Ordinal);
        var times = kills.Select(kill => kill.Runs.Select(run => Of(kill.At, entries[run])).OfType<TimeSpan>().Order().ToList())
            .Where(run => run.Count > 0)
            .ToList();
        return times.Count == 0
            ? "no run had to go on elsewhere"
            : $"seconds from kill -9 to the next checkpoint: of {times.Count} kills the first run median "
              + $"{Median(times.Select(run => run[0])):f1}, worst {times.Max(run => run[0].TotalSeconds):f1}; of all "
              + $"{times.Sum(run => run.Count)} runs median {Median(times.SelectMany(run => run)):f1}, "
              + $"worst {times.Max(run => run[^1].TotalSeconds):f1}";
    }

    private static TimeSpan? Of(DateTimeOffset killedAt, IEnumerable<StoredEntry> log) =>
        log.FirstOrDefault(entry => entry.IsCheckpoint && entry.At > killedAt) is { } next ? next.At - killedAt : null;

    private static double Median(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return sorted[sorted.Count / 2].TotalSeconds;
    }
}
