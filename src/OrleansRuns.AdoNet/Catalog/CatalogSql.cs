using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

/// <summary>The catalog's rows as SQL reads them.</summary>
internal static class CatalogSql
{
    internal const string NotFinal = "(status in ('pending', 'running') or resumable)";

    /// <summary>Whether a run shows: the one place that decides it.</summary>
    internal const string Visible = "not r.rolled_back";

    /// <summary>Reads runs without their requests, which lists of many do not need.</summary>
    internal const string SelectSummary = "select " + SummaryColumns + FromRuns;

    internal const string SelectRun = "select " + SummaryColumns + ", r.request" + FromRuns;

    internal const string SelectThread =
        "select thread_id, log_id, graph, holder, epoch, created_at, updated_at, waits from threads ";

    internal const string SelectThisRun = SelectRun + "where r.run_id = @run";

    internal const string SelectThisRunOrKey =
        SelectRun + "where r.run_id = @run or r.idempotency_key = @key order by case when r.run_id = @run then 0 else 1 end limit 1";

    /// <summary>
    /// Gives the slot of the thread that @holder holds to the next of its queue. The first statement only locks the thread's row: the
    /// second then sees every run that was admitted before it, and none can be admitted unseen.
    /// </summary>
    internal const string PassSlotOn =
        "update threads set updated_at = @now where thread_id = @thread and holder = @holder and epoch = @epoch; "
        + "update threads set " + Rested + ", waits = false, holder = " + NextInQueue
        + ", epoch = epoch + case when " + NextInQueue + " is null then 0 else 1 end "
        + "where thread_id = @thread and holder = @holder and epoch = @epoch; ";

    /// <summary>Finds the threads that an edit has held since @since while runs wait for them.</summary>
    internal const string Blocked =
        SelectThread + "where thread_id in (select thread_id from runs where status = 'pending') "
        + "and not exists (select 1 from runs where run_id = threads.holder) and updated_at < @since limit @limit";

    /// <summary>Finds the thread of a graph's newest run. Ids are made by callers, whose clocks may differ.</summary>
    internal const string NewestThread =
        "select r.thread_id from runs r where r.graph = @graph and " + Visible + " order by r.created_at desc, r.run_id desc limit 1";

    /// <summary>Writes how an attempt ended; a final status gives the slot to the next of the queue.</summary>
    /// <remarks>
    /// The thread's row is locked first, as by an admission, so that the two cannot wait for each other. Also a run that only waited in
    /// the queue may change the status of its thread, when it was the newest.
    /// </remarks>
    internal const string Ending =
        "update threads set updated_at = case when holder = @holder then @now else updated_at end "
        + "where thread_id = (select thread_id from runs where run_id = @run); "
        + "update runs set status = @status, stop_reason = @reason, resumable = @resumable, rolled_back = @rolledback, error = @error, "
        + "updated_at = @now where run_id = @run and attempt = @attempt and " + NotFinal
        + " and not ((@status <> 'interrupted' or @resumable or coalesce(@reason, '') = 'drained') and cancel_action is not null); "
        + "update threads set " + Rested + ", waits = waits and exists (select 1 from runs q where q.thread_id = threads.thread_id "
        + "and q.status = 'pending'), "
        + "holder = case when holder = @holder then " + NextInQueue + " else holder end, "
        + "epoch = epoch + case when holder = @holder and " + NextInQueue + " is not null then 1 else 0 end "
        + "where thread_id = (select thread_id from runs where run_id = @run and not " + NotFinal + "); "
        + SelectThisRun;

    /// <summary>
    /// Writes what the thread's status is when no run holds it; the same as a look at its state tells. What the log says counts
    /// only from the one that holds the slot.
    /// </summary>
    private const string Rested =
        "asks = " + Asks + ", planned_by = case when @known and holder = @holder then @planned else planned_by end, "
        + "rest = case when " + Asks + " then 'interrupted' else coalesce((select case when r.status in ('error', 'timeout') then 'error' "
        + "when r.status = 'success' "
        + "and r.run_id = case when @known and threads.holder = @holder then @planned else threads.planned_by end "
        + "then 'interrupted' else 'idle' end from runs r where r.thread_id = threads.thread_id and " + Visible
        + " order by r.number desc limit 1), 'idle') end";

    private const string Asks = "case when @known and threads.holder = @holder then @asks else asks end";

    private const string NextInQueue =
        "(select q.run_id from runs q where q.thread_id = threads.thread_id and q.status = 'pending' and q.cancel_action is null "
        + "order by q.number limit 1)";

    private const string SummaryColumns =
        "r.run_id, r.thread_id, t.log_id, r.graph, r.fingerprint, r.status, r.stop_reason, r.resumable, r.error, "
        + "r.attempt, r.owner, r.cancel_action, r.cancel_reason, r.rolled_back, t.holder, r.created_at, r.started_at, r.updated_at, "
        + "r.metadata, r.cluster_id, r.reader, r.number";

    private const string FromRuns = " from runs r join threads t on t.thread_id = r.thread_id ";

    private const string ThisRunOrKey = "run_id = @run or idempotency_key = @key";

    /// <summary>
    /// Admits a run. The result sets: the run's id if it was inserted, the queued runs that it ended, the runs that it cancelled, the
    /// run, its thread, the run that holds the slot.
    /// </summary>
    /// <remarks>
    /// The update locks the thread's row: of two admissions one waits there and then finds the slot taken. An equal admission that
    /// commits meanwhile is noticed by the insert at the latest, which then inserts nothing.
    /// </remarks>
    internal const string Admission =
        "insert into threads (thread_id, log_id, graph, epoch, created_at, updated_at) "
        + "select @thread, @log, @graph, 0, @now, @now where not exists (select 1 from runs where " + ThisRunOrKey + ") "
        + "on conflict (thread_id) do nothing; "
        + "update threads set epoch = epoch + case when holder is null then 1 else 0 end, holder = coalesce(holder, @run), "
        // Of an edit it tells since when it holds the thread, which whoever waits for it must not change.
        + "admitted = admitted + 1, graph = @graph, updated_at = case when holder like 'edit-%' then updated_at else @now end, "
        + "waits = coalesce(holder like 'edit-%', false) "
        + "where thread_id = @thread and (holder is null or (@queues and graph = @graph)) "
        + "and not exists (select 1 from runs where " + ThisRunOrKey + "); "
        + "insert into runs (run_id, thread_id, number, graph, fingerprint, request, idempotency_key, metadata, cluster_id, status, "
        + "attempt, created_at, updated_at) select @run, thread_id, admitted, @graph, @fingerprint, @request, @key, @metadata, @cluster, "
        + "'pending', 0, @now, @now from threads where thread_id = @thread and (holder = @run or (@queues and graph = @graph)) "
        + "and not exists (select 1 from runs where " + ThisRunOrKey + ") on conflict do nothing returning run_id; "
        + "update runs set status = 'interrupted', stop_reason = 'superseded', rolled_back = (@action = 'rollback'), updated_at = @now, "
        + "cancel_action = @action, cancel_reason = 'superseded' where @action is not null and thread_id = @thread and run_id <> @run "
        + "and status = 'pending' and attempt = 0 and cancel_action is null "
        + "and run_id <> (select holder from threads where thread_id = @thread) returning run_id; "
        + "update runs set cancel_action = @action, cancel_reason = 'superseded', updated_at = @now where @action is not null "
        + "and thread_id = @thread and run_id <> @run and cancel_action is null and " + NotFinal + " returning run_id; "
        + SelectThisRunOrKey + "; "
        + SelectThread + "where thread_id = coalesce((select thread_id from runs where " + ThisRunOrKey + " limit 1), @thread); "
        + SelectRun + "where r.run_id = (select holder from threads where thread_id = @thread)";

    /// <summary>Whether a run that nobody has begun may be begun by a silo of @cluster: its own cluster has no live silo.</summary>
    /// <param name="now">The moment by which a lease has expired.</param>
    internal static string MayBegin(string now) =>
        "(r.cluster_id is null or r.cluster_id = @cluster or r.owner is not null or not exists (select 1 from silo_leases c "
        + $"where c.cluster_id = r.cluster_id and c.expires_at > {now})) ";

    /// <summary>Finds the pending runs of graphs, @graph0 and so on, that only wait for a silo of @cluster.</summary>
    internal static string Ready(int graphs, string now) =>
        SelectSummary + "where r.status = 'pending' and t.holder = r.run_id and r.graph in ("
        + string.Join(", ", Enumerable.Range(0, graphs).Select(graph => $"@graph{graph}"))
        + $") and {MayBegin(now)}order by r.created_at, r.run_id limit @limit";

    internal static RunRow ReadRun(DbDataReader row) => new(ReadSummary(row), row.GetString(22));

    internal static RunSummary ReadSummary(DbDataReader row) => new()
    {
        RunId = row.GetString(0),
        ThreadId = row.GetString(1),
        LogId = row.GetString(2),
        Graph = row.GetString(3),
        Fingerprint = row.GetString(4),
        Status = WireName.Parse<RunStatus>(row.GetString(5)),
        StopReason = Text(row, 6) is { } reason ? WireName.Parse<StopReason>(reason) : null,
        Resumable = row.GetBoolean(7),
        Error = Text(row, 8),
        Attempt = row.GetInt32(9),
        Owner = Text(row, 10),
        CancelAction = Text(row, 11) is { } action ? WireName.Parse<CancelAction>(action) : null,
        CancelReason = Text(row, 12) is { } cause ? WireName.Parse<StopReason>(cause) : null,
        RolledBack = row.GetBoolean(13),
        Holder = Text(row, 14),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(15),
        StartedAt = row.IsDBNull(16) ? null : row.GetFieldValue<DateTimeOffset>(16),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(17),
        Metadata = row.GetString(18),
        ClusterId = Text(row, 19),
        Reader = Text(row, 20),
        Number = row.GetInt64(21),
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
        Waits = row.GetBoolean(7),
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
