using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

/// <summary>The catalog's rows as SQL reads them.</summary>
internal static class CatalogSql
{
    internal const string NotFinal = "(status in ('pending', 'running') or resumable)";

    internal const string SelectRun =
        "select r.run_id, r.thread_id, t.log_id, r.graph, r.fingerprint, r.request, r.status, r.stop_reason, r.resumable, r.error, "
        + "r.attempt, r.owner, r.cancel_action, r.created_at, r.updated_at from runs r join threads t on t.thread_id = r.thread_id ";

    internal const string SelectThread = "select thread_id, log_id, graph, holder, epoch, created_at, updated_at from threads ";

    internal const string SelectThisRun = SelectRun + "where r.run_id = @run";

    /// <summary>Admits a run. The result sets: the run's id if it was inserted, the run, its thread, the run that holds the slot.</summary>
    /// <remarks>
    /// The update locks the thread's row: of two admissions one waits there and then finds the slot taken. An equal admission that
    /// commits meanwhile is noticed by the insert at the latest, which then inserts nothing.
    /// </remarks>
    internal const string Admission =
        "insert into threads (thread_id, log_id, graph, epoch, created_at, updated_at) "
        + "select @thread, @log, @graph, 0, @now, @now where not exists (select 1 from runs where run_id = @run) "
        + "on conflict (thread_id) do nothing; "
        + "update threads set holder = @run, epoch = epoch + 1, graph = @graph, updated_at = @now "
        + "where thread_id = @thread and holder is null and not exists (select 1 from runs where run_id = @run); "
        + "insert into runs (run_id, thread_id, graph, fingerprint, request, status, attempt, created_at, updated_at) "
        + "select @run, @thread, @graph, @fingerprint, @request, 'pending', 0, @now, @now "
        + "where exists (select 1 from threads where thread_id = @thread and holder = @run) "
        + "on conflict (run_id) do nothing returning run_id; "
        + SelectThisRun + "; "
        + SelectThread + "where thread_id = coalesce((select thread_id from runs where run_id = @run), @thread); "
        + SelectRun + "where r.run_id = (select holder from threads where thread_id = @thread)";

    internal static RunRow ReadRun(DbDataReader row) => new()
    {
        RunId = row.GetString(0),
        ThreadId = row.GetString(1),
        LogId = row.GetString(2),
        Graph = row.GetString(3),
        Fingerprint = row.GetString(4),
        Request = row.GetString(5),
        Status = WireName.Parse<RunStatus>(row.GetString(6)),
        StopReason = Text(row, 7) is { } reason ? WireName.Parse<StopReason>(reason) : null,
        Resumable = row.GetBoolean(8),
        Error = Text(row, 9),
        Attempt = row.GetInt32(10),
        Owner = Text(row, 11),
        CancelAction = Text(row, 12) is { } action ? WireName.Parse<CancelAction>(action) : null,
        CreatedAt = row.GetFieldValue<DateTimeOffset>(13),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(14),
    };

    internal static ThreadRow ReadThread(DbDataReader row) => new()
    {
        ThreadId = row.GetString(0),
        LogId = row.GetString(1),
        Graph = row.GetString(2),
        Holder = Text(row, 3),
        Epoch = row.GetInt64(4),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(5),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(6),
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
