using System.Collections.Immutable;
using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using static OrleansRuns.AdoNet.CatalogSql;

namespace OrleansRuns.AdoNet;

/// <summary>The catalog in SQL that PostgreSQL and SQLite both understand: every change is a compare-and-set in one transaction.</summary>
internal sealed class AdoRunCatalog(IDatabase database, TimeProvider time) : IRunCatalog
{
    public async Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken) =>
        await TryAdmitAsync(run, cancellationToken)
        // An equal admission came in between, and its run has even ended.
        ?? await FindAdmittedAsync(run, CancellationToken.None)
        ?? throw new LogUnavailableException($"Run '{run.RunId}' was admitted and removed while it was admitted here. Try again.");

    public Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (await connection.QueryAsync(
                SelectThisRunOrKey, ReadRun, ("run", run.RunId), ("key", run.IdempotencyKey))).FirstOrDefault() is { } found
                ? new AdmitOutcome(AdmitKind.Exists, found, (await ThreadAsync(connection, found.ThreadId))!)
                : null,
            cancellationToken);

    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        SendAsync(
            "update runs as r set status = 'running', stop_reason = null, resumable = false, attempt = @attempt, owner = @owner, "
            + "started_at = coalesce(started_at, @now), updated_at = @now where run_id = @run and attempt = @attempt - 1 "
            + $"and cancel_action is null and {NotFinal} "
            + "and exists (select 1 from threads t where t.thread_id = r.thread_id and t.holder = @run) "
            // Whatever a silo believes: what a live silo of another cluster owns, or is to begin, is not its to take.
            + "and not exists (select 1 from silo_leases l where l.owner = r.owner and l.cluster_id <> @cluster "
            + $"and l.expires_at > {database.Now}) and {MayBegin(database.Now)}; "
            + SelectThisRun,
            async reader => await reader.NextAsync(ReadRun) ?? throw new RunNotFoundException(runId),
            cancellationToken,
            ("attempt", attempt),
            ("owner", owner),
            ("cluster", RunOwner.TryParse(owner, out var asking) ? asking.ClusterId : ""),
            ("now", time.GetUtcNow()),
            ("run", runId));

    public Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        SendAsync(
            "update runs set cancel_action = @action, cancel_reason = 'cancelled', updated_at = @now "
            + $"where run_id = @run and cancel_action is null and {NotFinal}; "
            + SelectThisRun,
            reader => reader.NextAsync(ReadRun),
            cancellationToken,
            ("action", WireName.Of(action)),
            ("now", time.GetUtcNow()),
            ("run", runId));

    public Task<RunRow?> AttendAsync(string runId, string readerId, CancellationToken cancellationToken) =>
        SendAsync(
            $"update runs set reader = @reader where run_id = @run and reader is null and {NotFinal}; " + SelectThisRun,
            reader => reader.NextAsync(ReadRun),
            cancellationToken,
            ("reader", SqlText.Of(readerId)),
            ("run", runId));

    public Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            connection => connection.BatchAsync(
                Ending,
                async reader => await reader.NextAsync(ReadRun) ?? throw new RunNotFoundException(end.RunId),
                [
                    ("status", WireName.Of(end.Status)),
                    ("reason", end.StopReason is { } reason ? WireName.Of(reason) : null),
                    ("resumable", end.Resumable),
                    ("rolledback", end.RolledBack),
                    ("error", SqlText.Of(end.Error)),
                    ("now", time.GetUtcNow()),
                    ("run", end.RunId),
                    ("attempt", end.Attempt),
                    ("holder", end.RunId),
                    .. Rest(end.Rest),
                ]),
            cancellationToken);

    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => RunAsync(connection, runId), cancellationToken);

    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => ThreadAsync(connection, threadId), cancellationToken);

    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => connection.ScalarAsync<string>(NewestThread, ("graph", graph)), cancellationToken);

    public Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        database.QueryAsync(
            SelectSummary + $"where r.thread_id = @thread and {Visible} order by r.number desc limit @limit",
            ReadSummary,
            cancellationToken,
            ("thread", threadId),
            ("limit", Page(limit)));

    public Task<ImmutableArray<RunSummary>> ListReadyAsync(
        string clusterId, ImmutableArray<string> graphs, int limit, CancellationToken cancellationToken) =>
        graphs.IsEmpty
            ? Task.FromResult(ImmutableArray<RunSummary>.Empty)
            : database.QueryAsync(
                Ready(graphs.Length, database.Now),
                ReadSummary,
                cancellationToken,
                [
                    .. graphs.Index().Select(graph => ($"graph{graph.Index}", (object?)graph.Item)),
                    ("cluster", clusterId),
                    ("now", time.GetUtcNow()),
                    ("limit", Page(limit)),
                ]);

    public Task<ImmutableArray<ThreadRow>> ListBlockedAsync(
        DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        database.QueryAsync(Blocked, ReadThread, cancellationToken, ("since", since), ("limit", Page(limit)));

    public async Task<ImmutableHashSet<string>> ListRolledBackAsync(string threadId, CancellationToken cancellationToken) =>
        (await database.QueryAsync(
            "select run_id from runs where thread_id = @thread and rolled_back",
            row => row.GetString(0),
            cancellationToken,
            ("thread", threadId))).ToImmutableHashSet(StringComparer.Ordinal);

    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        database.ChangeAsync(async connection =>
        {
            var now = time.GetUtcNow();
            await InsertThreadAsync(connection, threadId, graph, now);
            await connection.ExecuteAsync(
                "update threads set holder = @holder, waits = false, epoch = epoch + 1, updated_at = @now "
                + "where thread_id = @thread and holder is null",
                ("holder", holder),
                ("now", now),
                ("thread", threadId));
            return (await ThreadAsync(connection, threadId))!;
        }, cancellationToken);

    public Task<string?> ReleaseSlotAsync(
        string threadId, string holder, long epoch, ThreadRest? rest, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            connection => connection.BatchAsync(
                PassSlotOn + SelectThread + "where thread_id = @thread",
                async reader => (await reader.NextAsync(ReadThread))?.Holder,
                [("now", time.GetUtcNow()), ("thread", threadId), ("holder", holder), ("epoch", epoch), .. Rest(rest)]),
            cancellationToken);

    private static string? ActionOf(MultitaskStrategy strategy) => strategy switch
    {
        MultitaskStrategy.Interrupt => WireName.Of(CancelAction.Interrupt),
        MultitaskStrategy.Rollback => WireName.Of(CancelAction.Rollback),
        _ => null,
    };

    private static (string Name, object? Value)[] Rest(ThreadRest? rest) =>
        [("known", rest is not null), ("asks", rest is { Asks: true }), ("planned", rest?.PlannedBy)];

    private static int Page(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return limit;
    }

    private static Task<int> InsertThreadAsync(DbConnection connection, string threadId, string graph, DateTimeOffset now) =>
        connection.ExecuteAsync(
            "insert into threads (thread_id, log_id, graph, epoch, created_at, updated_at) "
            + "values (@thread, @log, @graph, 0, @now, @now) on conflict (thread_id) do nothing",
            ("thread", threadId),
            ("log", Guid.CreateVersion7(now).ToString()),
            ("graph", graph),
            ("now", now));

    private static async Task<RunRow?> RunAsync(DbConnection connection, string runId) =>
        (await connection.QueryAsync(SelectRun + "where r.run_id = @run", ReadRun, ("run", runId))).FirstOrDefault();

    private static async Task<ThreadRow?> ThreadAsync(DbConnection connection, string threadId) =>
        (await connection.QueryAsync(SelectThread + "where thread_id = @thread", ReadThread, ("thread", threadId))).FirstOrDefault();

    /// <returns><see langword="null"/> when only another look can tell; nothing was written then.</returns>
    private Task<AdmitOutcome?> TryAdmitAsync(NewRun run, CancellationToken cancellationToken) =>
        database.ChangeAsync(
            connection => connection.BatchAsync(
                Admission,
                async reader =>
                {
                    var inserted = await reader.NextAsync(row => row.GetString(0));
                    var ended = await reader.NextAllAsync(row => row.GetString(0));
                    var superseded = ended.AddRange(await reader.NextAllAsync(row => row.GetString(0)));
                    var present = await reader.NextAsync(ReadRun);
                    var thread = (await reader.NextAsync(ReadThread))!;
                    var holder = await reader.NextAsync(ReadRun);
                    return (inserted, present) switch
                    {
                        (not null, not null) => new AdmitOutcome(AdmitKind.Admitted, present, thread) { Superseded = superseded },
                        (_, null) => new AdmitOutcome(AdmitKind.Busy, holder, thread),
                        // The slot was taken for a run that is there already; that is taken back.
                        _ when present.IsFinal && thread.Holder == run.RunId => null,
                        _ => new AdmitOutcome(AdmitKind.Exists, present, thread),
                    };
                },
                ("run", run.RunId),
                ("thread", run.ThreadId),
                ("log", Guid.CreateVersion7(time.GetUtcNow()).ToString()),
                ("graph", run.Graph),
                ("fingerprint", run.Fingerprint),
                ("request", run.Request),
                ("key", run.IdempotencyKey),
                ("metadata", run.Metadata),
                ("cluster", run.ClusterId),
                ("queues", run.Strategy != MultitaskStrategy.Reject),
                ("action", ActionOf(run.Strategy)),
                ("now", time.GetUtcNow())),
            cancellationToken,
            keep: outcome => outcome?.Kind == AdmitKind.Admitted);

    /// <summary>Sends a single change and the look at its result; one statement needs no transaction around it.</summary>
    private Task<T> SendAsync<T>(
        string sql,
        Func<DbDataReader, Task<T>> read,
        CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters) =>
        database.WriteAsync(connection => connection.BatchAsync(sql, read, parameters), cancellationToken);
}
