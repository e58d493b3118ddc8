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
        ?? await FindAdmittedAsync(run.RunId, CancellationToken.None)
        ?? throw new LogUnavailableException($"Run '{run.RunId}' was admitted and removed while it was admitted here. Try again.");

    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        SendAsync(
            "update runs set status = 'running', stop_reason = null, resumable = false, attempt = @attempt, owner = @owner, "
            + $"updated_at = @now where run_id = @run and attempt = @attempt - 1 and cancel_action is null and {NotFinal} "
            // Whatever a silo believes: what a live silo of another cluster owns is not its to take.
            + "and not exists (select 1 from silo_leases l where l.owner = runs.owner and l.cluster_id <> @cluster "
            + $"and l.expires_at > {database.Now}); "
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
            $"update runs set cancel_action = @action, updated_at = @now where run_id = @run and cancel_action is null and {NotFinal}; "
            + SelectThisRun,
            reader => reader.NextAsync(ReadRun),
            cancellationToken,
            ("action", WireName.Of(action)),
            ("now", time.GetUtcNow()),
            ("run", runId));

    public Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
        ChangeAsync(
            connection => connection.BatchAsync(
                "update runs set status = @status, stop_reason = @reason, resumable = @resumable, error = @error, updated_at = @now "
                + $"where run_id = @run and attempt = @attempt and {NotFinal} and not (@status = 'success' and cancel_action is not null); "
                + "update threads set holder = null, updated_at = @now where holder = @run "
                + $"and thread_id = (select thread_id from runs where run_id = @run and not {NotFinal}); "
                + SelectThisRun,
                async reader => await reader.NextAsync(ReadRun) ?? throw new RunNotFoundException(end.RunId),
                ("status", WireName.Of(end.Status)),
                ("reason", end.StopReason is { } reason ? WireName.Of(reason) : null),
                ("resumable", end.Resumable),
                ("error", end.Error),
                ("now", time.GetUtcNow()),
                ("run", end.RunId),
                ("attempt", end.Attempt)),
            cancellationToken);

    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        LookAsync(connection => RunAsync(connection, runId), cancellationToken);

    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) =>
        LookAsync(connection => ThreadAsync(connection, threadId), cancellationToken);

    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        LookAsync(connection => connection.ScalarAsync<string>(
            "select thread_id from runs where graph = @graph order by run_id desc limit 1",
            ("graph", graph)), cancellationToken);

    public Task<ImmutableArray<RunRow>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        LookAsync(connection => connection.QueryAsync(
            SelectRun + "where r.thread_id = @thread order by r.run_id desc limit @limit",
            ReadRun,
            ("thread", threadId),
            ("limit", Page(limit))), cancellationToken);

    public Task<ImmutableArray<RunRow>> ListUnfinishedAsync(string? after, int limit, CancellationToken cancellationToken) =>
        LookAsync(connection => connection.QueryAsync(
            SelectRun + $"where r.run_id > @after and {NotFinal} order by r.run_id limit @limit",
            ReadRun,
            ("after", after ?? ""),
            ("limit", Page(limit))), cancellationToken);

    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        ChangeAsync(async connection =>
        {
            var now = time.GetUtcNow();
            await InsertThreadAsync(connection, threadId, graph, now);
            await connection.ExecuteAsync(
                "update threads set holder = @holder, epoch = epoch + 1, updated_at = @now where thread_id = @thread and holder is null",
                ("holder", holder),
                ("now", now),
                ("thread", threadId));
            return (await ThreadAsync(connection, threadId))!;
        }, cancellationToken);

    public Task ReleaseSlotAsync(string threadId, string holder, long epoch, CancellationToken cancellationToken) =>
        ChangeAsync(connection => connection.ExecuteAsync(
            "update threads set holder = null, updated_at = @now where thread_id = @thread and holder = @holder and epoch = @epoch",
            ("now", time.GetUtcNow()),
            ("thread", threadId),
            ("holder", holder),
            ("epoch", epoch)), cancellationToken);

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

    private Task<AdmitOutcome?> FindAdmittedAsync(string runId, CancellationToken cancellationToken) =>
        LookAsync(
            async connection => await RunAsync(connection, runId) is { } run
                ? new AdmitOutcome(AdmitKind.Exists, run, (await ThreadAsync(connection, run.ThreadId))!)
                : null,
            cancellationToken);

    /// <returns><see langword="null"/> when only another look can tell; nothing was written then.</returns>
    private Task<AdmitOutcome?> TryAdmitAsync(NewRun run, CancellationToken cancellationToken) =>
        ChangeAsync(
            connection => connection.BatchAsync(
                Admission,
                async reader =>
                {
                    var inserted = await reader.NextAsync(row => row.GetString(0));
                    var present = await reader.NextAsync(ReadRun);
                    var thread = (await reader.NextAsync(ReadThread))!;
                    var holder = await reader.NextAsync(ReadRun);
                    return (inserted, present) switch
                    {
                        (not null, not null) => new AdmitOutcome(AdmitKind.Admitted, present, thread),
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
                ("now", time.GetUtcNow())),
            cancellationToken,
            keep: outcome => outcome?.Kind == AdmitKind.Admitted);

    /// <summary>Sends a single change and the look at its result; one statement needs no transaction around it.</summary>
    private Task<T> SendAsync<T>(
        string sql,
        Func<DbDataReader, Task<T>> read,
        CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters) =>
        database.WriteAsync(async () =>
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            return await connection.BatchAsync(sql, read, parameters);
        });

    private Task<T> ChangeAsync<T>(
        Func<DbConnection, Task<T>> change, CancellationToken cancellationToken, Func<T, bool>? keep = null) =>
        database.WriteAsync(async () =>
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var result = await change(connection);
            if (keep is null || keep(result))
            {
                // Not cancelled: whoever waits has to learn whether it was committed.
                await transaction.CommitAsync(CancellationToken.None);
            }

            return result;
        });

    private Task<T> LookAsync<T>(Func<DbConnection, Task<T>> look, CancellationToken cancellationToken) =>
        database.ReadAsync(async () =>
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            return await look(connection);
        });
}
