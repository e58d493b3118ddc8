using System.Collections.Immutable;
using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

internal sealed class AdoDrainReports(IDatabase database) : IDrainReports
{
    /// <summary>How many runs one statement stores: the parameters of a statement are limited.</summary>
    private const int RunsAtOnce = 200;

    /// <summary>How long reports are kept.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    // One statement: what it shows is of one moment, in which every report has its runs.
    private const string Newest =
        "select d.silo, d.started_at, d.elapsed_ms, d.budget_ms, r.run_id, r.thread_id, r.outcome, r.status, r.stop_reason, r.resumable, "
        + "r.checkpoint_id, r.elapsed_ms, r.error, r.signal "
        + "from (select * from drain_reports order by started_at desc, silo limit @limit) d "
        + "left join drain_runs r on r.silo = d.silo and r.started_at = d.started_at "
        + "order by d.started_at desc, d.silo, r.run_id";

    public Task SaveAsync(DrainReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        return database.ChangeAsync(async connection =>
        {
            var inserted = await connection.ExecuteAsync(
                "insert into drain_reports (silo, started_at, elapsed_ms, budget_ms) values (@silo, @started, @elapsed, @budget) "
                + "on conflict do nothing",
                ("silo", report.Silo),
                ("started", report.StartedAt),
                ("elapsed", (long)report.Elapsed.TotalMilliseconds),
                ("budget", (long)report.Budget.TotalMilliseconds));
            foreach (var chunk in inserted == 0 ? [] : report.Runs.Chunk(RunsAtOnce))
            {
                await connection.ExecuteAsync(
                    Insert(chunk.Length),
                    [("silo", report.Silo), ("started", report.StartedAt), .. chunk.SelectMany(Parameters)]);
            }

            return await connection.ExecuteAsync(
                "delete from drain_reports where started_at < @old", ("old", report.StartedAt - Kept));
        }, cancellationToken);
    }

    public async Task<ImmutableArray<DrainReport>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 100);
        var rows = await database.QueryAsync(
            Newest, row => (Report: ReadReport(row), Run: ReadRun(row)), cancellationToken, ("limit", limit));
        return
        [
            .. from row in rows
               group row by (row.Report.Silo, row.Report.StartedAt) into drain
               select drain.First().Report with { Runs = [.. drain.Select(row => row.Run).OfType<DrainedRun>()] },
        ];
    }

    private static string Insert(int count) =>
        "insert into drain_runs "
        + "(silo, started_at, run_id, thread_id, outcome, status, stop_reason, resumable, checkpoint_id, elapsed_ms, error, signal) values "
        + string.Join(", ", Enumerable.Range(0, count).Select(at =>
            $"(@silo, @started, @run{at}, @thread{at}, @outcome{at}, @status{at}, @reason{at}, @resumable{at}, @checkpoint{at}, "
            + $"@elapsed{at}, @error{at}, @signal{at})"));

    private static IEnumerable<(string Name, object? Value)> Parameters(DrainedRun run, int at) =>
    [
        ($"run{at}", run.RunId),
        ($"thread{at}", run.ThreadId),
        ($"outcome{at}", WireName.Of(run.Outcome)),
        ($"status{at}", WireName.Of(run.Status)),
        ($"reason{at}", run.StopReason is { } reason ? WireName.Of(reason) : null),
        ($"resumable{at}", run.Resumable),
        ($"checkpoint{at}", run.CheckpointId),
        ($"elapsed{at}", (long)run.Elapsed.TotalMilliseconds),
        ($"error{at}", SqlText.Of(run.Error)),
        ($"signal{at}", WireName.Of(run.Signal)),
    ];

    private static DrainReport ReadReport(DbDataReader row) => new()
    {
        Silo = row.GetString(0),
        StartedAt = row.GetFieldValue<DateTimeOffset>(1),
        Elapsed = TimeSpan.FromMilliseconds(row.GetInt64(2)),
        Budget = TimeSpan.FromMilliseconds(row.GetInt64(3)),
        Runs = [],
    };

    /// <returns>The run, or <see langword="null"/> in the row of a report that has none.</returns>
    private static DrainedRun? ReadRun(DbDataReader row) => row.IsDBNull(4) ? null : new()
    {
        RunId = row.GetString(4),
        ThreadId = row.GetString(5),
        Outcome = WireName.Parse<DrainOutcome>(row.GetString(6)),
        Status = WireName.Parse<RunStatus>(row.GetString(7)),
        StopReason = row.IsDBNull(8) ? null : WireName.Parse<StopReason>(row.GetString(8)),
        Resumable = row.GetBoolean(9),
        CheckpointId = row.IsDBNull(10) ? null : row.GetString(10),
        Elapsed = TimeSpan.FromMilliseconds(row.GetInt64(11)),
        Error = row.IsDBNull(12) ? null : row.GetString(12),
        Signal = WireName.Parse<DrainSignal>(row.GetString(13)),
    };
}
