using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Pure questions about rows of runs.</summary>
internal static class RunRows
{
    internal static RunSnapshot ToSnapshot(this RunSummary row) => new()
    {
        RunId = row.RunId,
        ThreadId = row.ThreadId,
        Graph = row.Graph,
        Status = row.Status,
        StopReason = row.StopReason,
        Error = row.Error,
        Resumable = row.Resumable,
        Attempt = row.Attempt,
        CreatedAt = row.CreatedAt,
        StartedAt = row.StartedAt,
        RolledBack = row.RolledBack,
        UpdatedAt = row.UpdatedAt,
        Metadata = MetadataJson.ToJson(row.Metadata),
    };

    /// <summary>Gets a reason as it stands in logs, in SQL and on the wire.</summary>
    internal static string? NameOf(StopReason? reason) => reason is { } known ? WireName.Of(known) : null;

    /// <summary>Chooses what is known of a run after two answers of the database that may have crossed on their way.</summary>
    /// <remarks>
    /// A final row is never forgotten, an attempt never goes back, and neither does an accepted cancel. Within an attempt a row only
    /// becomes resumable. Times do not tell: clocks are set back.
    /// </remarks>
    internal static RunRow Newer(RunRow known, RunRow answer)
    {
        if (known.IsFinal || answer.Attempt < known.Attempt)
        {
            return known;
        }

        var goesBack = answer.Attempt == known.Attempt && !answer.IsFinal && known.Resumable && !answer.Resumable;
        var newest = goesBack ? known : answer;
        return newest.IsFinal ? newest : newest with
        {
            CancelAction = known.CancelAction ?? answer.CancelAction,
            CancelReason = known.CancelReason ?? answer.CancelReason,
            UpdatedAt = known.UpdatedAt > answer.UpdatedAt ? known.UpdatedAt : answer.UpdatedAt,
        };
    }
}
