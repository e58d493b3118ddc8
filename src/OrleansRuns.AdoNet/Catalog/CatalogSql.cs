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
