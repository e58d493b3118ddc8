namespace OrleansRuns.Process.Tests;

/// <summary>How long runs stood still that a silo handed on when it stopped.</summary>
/// <remarks>A figure to report, judged by nobody: how fast a machine is decides no test.</remarks>
internal static class HandOffTimes
{
    /// <summary>Tells how many hand-offs the logs have, and how long they took.</summary>
    internal static string Describe(ILookup<string, StoredEntry> logs)
    {
        var handOffs = logs.SelectMany(Find).ToList();
        return handOffs.Count == 0
            ? "no run was handed on"
            : $"{handOffs.Count} hand-offs, seconds from the last write on the old silo to the claim on the new one: "
              + $"{Of(handOffs.Select(one => one.Claim))}; to its first checkpoint there: {Of(handOffs.Select(one => one.Checkpoint))}";
    }

    private static IEnumerable<(TimeSpan Claim, TimeSpan Checkpoint)> Find(IEnumerable<StoredEntry> log) =>
        from run in log.GroupBy(entry => entry.RunId)
        from left in run.Where(entry => entry.IsHandedOn)
        let next = run.Where(entry => entry.Attempt > left.Attempt).OrderBy(entry => entry.Position).ToList()
        where next.Exists(entry => entry.IsCheckpoint)
        select (next[0].At - left.At, next.First(entry => entry.IsCheckpoint).At - left.At);

    private static string Of(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return $"median {sorted[sorted.Count / 2].TotalSeconds:f2}, worst {sorted[^1].TotalSeconds:f2}";
    }
}
