using Npgsql;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>
/// Judges what faults have left, from the tables of the database and the table of effects alone: it asks no silo and uses none of the
/// product's own readers.
/// </summary>
internal sealed class RunsChecker : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;

    internal RunsChecker(string connectionString) => _database = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = "orleansruns,public", Pooling = false }.ConnectionString);

    /// <summary>Finds the runs a silo owns that have not ended.</summary>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    internal Task<IReadOnlyList<string>> FindUnfinishedAsync(string silo) =>
        StringsAsync($"select run_id from runs where {Unfinished} and owner like '%/{silo}' order by run_id");

    /// <summary>Finds the runs whose rows say that a silo is executing them.</summary>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    internal Task<IReadOnlyList<string>> FindRunningAsync(string silo) =>
        StringsAsync($"select run_id from runs where status = 'running' and owner like '%/{silo}' order by run_id");

    /// <summary>Waits until something was done a number of times.</summary>
    /// <param name="kind">The kind of effect, such as "charge".</param>
    /// <param name="count">How often.</param>
    /// <param name="bound">How long to wait at most.</param>
    internal Task DoneAsync(string kind, int count, TimeSpan bound) => Eventually.TrueAsync(
        async () => await ScalarAsync($"select count(*) from order_effects where kind = '{kind}'") == count,
        $"{count} effects of kind '{kind}'",
        bound);

    /// <summary>Waits until the cluster has declared a silo dead and other silos own the runs it had.</summary>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    /// <param name="bound">How long to wait for each at most.</param>
    internal async Task ReplacedAsync(string silo, TimeSpan bound)
    {
        await Eventually.TrueAsync(async () => await ScalarAsync(
            "select count(*) from silos where status = 6 and address || ':' || port || '@' || generation = '" + silo + "'") == 1,
            $"silo {silo} to be declared dead", bound);
        await GoneOnFromAsync(silo, bound);
    }

    /// <summary>Waits until others own the runs that a silo had, and that have not ended.</summary>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    /// <param name="bound">How long to wait at most.</param>
    /// <remarks>Whoever takes a run that was handed on may claim it after the process that has handed it on has ended.</remarks>
    internal Task GoneOnFromAsync(string silo, TimeSpan bound) => Eventually.TrueAsync(
        async () => (await FindUnfinishedAsync(silo)).Count == 0,
        $"others to own the runs of silo {silo}, which is gone",
        bound,
        async () => $"it owns {string.Join(", ", await FindUnfinishedAsync(silo))}");

    /// <summary>Reads which silos are active members of the cluster.</summary>
    internal Task<IReadOnlyList<string>> ReadActiveSilosAsync() =>
        StringsAsync("select address || ':' || port || '@' || generation from silos where status = 3 order by 1");

    /// <summary>Waits until a silo owns at least a number of runs that have not ended.</summary>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    /// <param name="runs">How many.</param>
    /// <param name="bound">How long to wait at most.</param>
    internal Task OwnsAsync(string silo, int runs, TimeSpan bound) => Eventually.TrueAsync(
        async () => (await FindUnfinishedAsync(silo)).Count >= runs, $"silo {silo} to own {runs} runs", bound);

    /// <summary>Tells whether a query that counts counts something. What it asks for may not be there yet.</summary>
    /// <param name="query">The query.</param>
    internal async Task<bool> IsSeenAsync(string query)
    {
        try
        {
            return await ScalarAsync(query) > 0;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return false;
        }
    }

    /// <summary>Waits until runs that lost their silo have ended, or written more than the claim of the attempt that follows.</summary>
    /// <param name="runs">The runs, which nobody executes at first.</param>
    /// <param name="bound">How long to wait for each at most.</param>
    internal async Task WentOnAsync(IReadOnlyList<string> runs, TimeSpan bound)
    {
        foreach (var run in runs)
        {
            var left = await ScalarAsync(Newest(run));
            await Eventually.TrueAsync(
                async () => await ScalarAsync($"select count(*) from runs where {Unfinished} and run_id = '{run}'") == 0
                    || await ScalarAsync(Newest(run)) >= left + 2,
                $"run {run} to go on from position {left} of its log",
                bound);
        }

        static string Newest(string run) =>
            "select coalesce(max(position), -1) from orleansstorage where thread = "
            + $"(select log_id from threads join runs using (thread_id) where run_id = '{run}')";
    }

    /// <summary>Waits until no run is left that has not ended.</summary>
    /// <param name="bound">How long to wait at most.</param>
    internal Task EndedAsync(TimeSpan bound) => Eventually.TrueAsync(
        async () => await ScalarAsync($"select count(*) from runs where {Unfinished}") == 0, "all runs in the database to end", bound);

    /// <summary>Looks for broken promises, once all runs have ended.</summary>
    /// <param name="orders">The orders whose start was acknowledged.</param>
    /// <returns>What was found; empty when every promise was kept.</returns>
    internal async Task<IReadOnlyList<string>> FindAsync(IReadOnlyCollection<PlacedOrder> orders)
    {
        var runs = await ReadRunsAsync();
        var logs = await ReadLogsAsync();
        var effects = await ReadEffectsAsync();
        return
        [
            .. from order in orders from finding in FindOfOrder(order, runs, effects) select finding,
            .. from run in runs.Values from finding in FindOfRun(run, logs[run.Thread]) select finding,
            .. from log in logs from finding in FindOfLog([.. log]) select $"thread '{log.Key}': {finding}",
            .. from holder in await StringsAsync("select thread_id || ' is held by ' || holder from threads where holder is not null")
               select $"thread {holder} although all runs have ended",
        ];
    }

    /// <summary>Finds the checkpoints that clients were told of and that no log has.</summary>
    /// <param name="told">The ids of the checkpoints.</param>
    internal async Task<IReadOnlyList<string>> FindLostAsync(IReadOnlyCollection<string> told)
    {
        var durable = (await ReadLogsAsync()).SelectMany(log => log).SelectMany(entry => entry.CheckpointIds);
        return [.. told.Except(durable, StringComparer.Ordinal)];
    }

    /// <summary>Finds the attempts that broke off: another one followed, and they had not handed the run on.</summary>
    internal async Task<IReadOnlyList<string>> FindBrokenOffAsync() =>
    [
        .. from log in await ReadLogsAsync()
           from run in log.GroupBy(entry => entry.RunId)
           let attempts = run.GroupBy(entry => entry.Attempt).OrderBy(attempt => attempt.Key).ToList()
           from attempt in attempts.SkipLast(1)
           where !attempt.Any(entry => entry.IsHandedOn)
           select $"attempt {attempt.Key} of run {run.Key} broke off at {attempt.Last().Position}",
    ];

    /// <summary>Looks for what reports of drains should not say: too late, not written, other hand-offs than the logs have.</summary>
    internal async Task<IReadOnlyList<string>> FindOfDrainsAsync()
    {
        var told = Counted(await StringsAsync("select run_id from drain_runs where status = 'interrupted' and resumable"));
        var logs = await ReadLogsAsync();
        var done = Counted(logs.SelectMany(log => log).Where(entry => entry.IsHandedOn).Select(entry => entry.RunId));
        return
        [
            .. await StringsAsync(
                "select silo || ' drained for ' || elapsed_ms || ' ms of ' || budget_ms from drain_reports where elapsed_ms > budget_ms"),
            .. await StringsAsync(
                "select 'run ' || run_id || ' was not persisted: ' || coalesce(error, '') from drain_runs where outcome = 'not_persisted'"),
            .. told.Except(done).Select(run => $"{run} handed on by its reports, and not by its log"),
            .. done.Except(told).Select(run => $"{run} handed on by its log, and not by its reports"),
        ];
    }

    /// <summary>Counts what became of the runs of silos that were drained.</summary>
    internal Task<IReadOnlyList<string>> CountDrainedAsync() => StringsAsync(
        "select count(*) || ' ' || outcome || ' by ' || signal from drain_runs group by outcome, signal order by 1");

    /// <summary>Reads the reports of a silo's drains.</summary>
    /// <param name="silo">The silo's address, as "ip:port@generation".</param>
    internal Task<IReadOnlyList<DrainSummary>> ReadDrainsAsync(string silo) => DrainSummary.ReadReportsAsync(_database, silo);

    /// <summary>Reads the logs of all threads.</summary>
    internal Task<ILookup<string, StoredEntry>> ReadLogsAsync() => StoredEntry.ReadAllAsync(_database);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private const string Unfinished = "(status in ('pending', 'running') or resumable)";

    private static List<string> Counted(IEnumerable<string> runs) =>
        [.. runs.GroupBy(run => run).Select(run => $"run {run.Key} was {run.Count()} times")];

    private static IEnumerable<string> FindOfOrder(
        PlacedOrder order, Dictionary<string, StoredRun> runs, ILookup<string, string> effects)
    {
        if (!runs.TryGetValue(order.RunId, out var run))
        {
            yield return $"run {order.RunId} of order '{order.Id}' was acknowledged and is lost";
            yield break;
        }

        if (run.Status != WireName.Of(RunStatus.Success))
        {
            yield return $"run {order.RunId} of order '{order.Id}' ended as {run.Status}: {run.Error}";
        }

        if ((order.Told is { } status ? WireName.Of(status) : null) is { } told && told != run.Status)
        {
            yield return $"run {order.RunId}: its caller was told {told}, and it is {run.Status}";
        }

        if (!effects[order.Id].Order(StringComparer.Ordinal).SequenceEqual(order.Effects))
        {
            yield return $"order '{order.Id}' did {string.Join(", ", effects[order.Id])}, not {string.Join(", ", order.Effects)}";
        }
    }

    private static IEnumerable<string> FindOfRun(StoredRun run, IEnumerable<StoredEntry> log)
    {
        var entries = log.Where(entry => entry.RunId == run.Id).ToList();
        // An attempt that its silo handed on has an end of its own.
        var ends = entries.Where(entry => entry.EndStatus is not null && !entry.IsHandedOn).ToList();
        if (ends is not [var end])
        {
            var said = string.Join(", ", ends.Select(one => $"{one.EndStatus} at {one.Position} by attempt {one.Attempt}"));
            yield return $"run {run.Id} has {ends.Count} ends in its log, not one: {said}";
        }
        else if (end != entries[^1])
        {
            yield return $"run {run.Id} wrote to its log after its end";
        }
        else if (end.EndStatus != run.Status)
        {
            yield return $"run {run.Id} is {run.Status}, and its log says {end.EndStatus}";
        }

        foreach (var first in entries.GroupBy(entry => entry.Attempt).Select(attempt => attempt.First()).Where(first => !first.IsClaim))
        {
            yield return $"attempt {first.Attempt} of run {run.Id} wrote at {first.Position} without a claim";
        }

        foreach (var (before, after) in entries.Zip(entries.Skip(1)))
        {
            if (after.Attempt < before.Attempt)
            {
                yield return $"attempt {after.Attempt} of run {run.Id} wrote at {after.Position}, after attempt {before.Attempt} had begun";
            }
        }
    }

    private static IEnumerable<string> FindOfLog(List<StoredEntry> log)
    {
        if (log.Where((entry, index) => entry.Position != index).FirstOrDefault() is { } gap)
        {
            yield return $"its log has a gap before position {gap.Position}";
        }

        foreach (var twice in log.GroupBy(entry => entry.AppendId).Where(group => group.Count() > 1))
        {
            yield return $"append {twice.Key} stands in its log {twice.Count()} times";
        }
    }

    private async Task<Dictionary<string, StoredRun>> ReadRunsAsync()
    {
        await using var command = _database.CreateCommand("select run_id, thread_id, status, coalesce(error, '') from runs");
        await using var reader = await command.ExecuteReaderAsync();
        var runs = new Dictionary<string, StoredRun>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            var run = new StoredRun(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3));
            runs.Add(run.Id, run);
        }

        return runs;
    }

    private async Task<ILookup<string, string>> ReadEffectsAsync()
    {
        await using var command = _database.CreateCommand("select order_id, kind from order_effects order by created_at");
        await using var reader = await command.ExecuteReaderAsync();
        var effects = new List<(string Order, string Kind)>();
        while (await reader.ReadAsync())
        {
            effects.Add((reader.GetString(0), reader.GetString(1)));
        }

        return effects.ToLookup(effect => effect.Order, effect => effect.Kind, StringComparer.Ordinal);
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<IReadOnlyList<string>> StringsAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private sealed record StoredRun(string Id, string Thread, string Status, string Error);
}
