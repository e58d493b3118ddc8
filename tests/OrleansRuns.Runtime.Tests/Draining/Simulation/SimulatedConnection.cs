using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>The database as one silo reaches it: late, not at all, or with its answers lost.</summary>
/// <param name="database">The database.</param>
/// <param name="runOf">Finds the run that is asked for, by its id or its log's; none when nothing is wrong with its accesses.</param>
/// <param name="random">Draws how long answers take.</param>
/// <param name="time">The clock.</param>
internal sealed class SimulatedConnection(
    SimulatedDatabase database, Func<string, SimulatedRun?> runOf, Random random, VirtualTime time) : RunCatalogOfRuns, IThreadLogStore
{
    /// <summary>How long the client of a database waits for an answer.</summary>
    internal static readonly TimeSpan ClientTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How late an answer is at most that is only late.</summary>
    internal static readonly TimeSpan Slowest = TimeSpan.FromMilliseconds(1500);

    private readonly List<(string RunId, DatabaseFault Fault, TimeSpan At)> _faults = [];

    /// <summary>Gets what went wrong and when, for which run.</summary>
    internal IReadOnlyList<(string RunId, DatabaseFault Fault, TimeSpan At)> Faults => _faults;

    /// <summary>Gets how many appends were refused, because another writer was there.</summary>
    internal int Refusals { get; private set; }

    public override Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        WriteAsync(runId, () => database.Catalog.BeginAsync(runId, attempt, owner, CancellationToken.None), cancellationToken);

    public override Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        WriteAsync(runId, () => database.Catalog.RequestCancelAsync(runId, action, CancellationToken.None), cancellationToken);

    public override Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
        WriteAsync(end.RunId, () => database.Catalog.EndAsync(end, CancellationToken.None), cancellationToken);

    public override Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        AccessAsync(runId, isLog: false, () => database.Catalog.FindRunAsync(runId, CancellationToken.None), cancellationToken);

    public Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken) =>
        AccessAsync(
            logId,
            isLog: true,
            async () =>
            {
                var outcome = await database.Log.AppendAsync(logId, position, entry, CancellationToken.None);
                if (outcome.IsAppended)
                {
                    database.Appended(logId, entry);
                }
                else
                {
                    Refusals++;
                }

                return outcome;
            },
            cancellationToken);

    public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
        AccessAsync(logId, isLog: true, () => database.Log.ReadLineAsync(logId, position, CancellationToken.None), cancellationToken);

    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) => throw new NotSupportedException();

    private Task<T> WriteAsync<T>(string runId, Func<Task<T>> write, CancellationToken cancellationToken) =>
        AccessAsync(
            runId,
            isLog: false,
            async () =>
            {
                var answer = await write();
                database.Look(runId);
                return answer;
            },
            cancellationToken);

    /// <summary>Makes an access. A token gives it up before it is sent, and never after.</summary>
    private async Task<T> AccessAsync<T>(string id, bool isLog, Func<Task<T>> apply, CancellationToken cancellationToken)
    {
        var run = runOf(id);
        var fault = Draw(run);
        await time.DelayAsync(TimeSpan.FromMilliseconds(random.Next(1, 10)), cancellationToken);
        if (database.Stall is var stall && stall > TimeSpan.Zero)
        {
            await time.DelayAsync(stall, cancellationToken);
        }

        switch (fault)
        {
            case DatabaseFault.Refused:
                throw Failure(isLog, "The connection was refused.");
            case DatabaseFault.Slow:
                await time.DelayAsync(run!.Milliseconds((int)Slowest.TotalMilliseconds), cancellationToken);
                break;
            case DatabaseFault.Hangs:
                await time.DelayAsync(ClientTimeout, cancellationToken);
                throw Failure(isLog, "Nobody answered.");
            case DatabaseFault.AnswerLost:
                await apply();
                throw Failure(isLog, "The connection was reset.");
            case DatabaseFault.AnswerHangs:
                await apply();
                await time.DelayAsync(ClientTimeout, CancellationToken.None);
                throw Failure(isLog, "Nobody answered.");
            case DatabaseFault.AppliedLate:
                await time.DelayAsync(run!.Milliseconds(8000), CancellationToken.None);
                break;
        }

        return await apply();
    }

    private DatabaseFault? Draw(SimulatedRun? run)
    {
        if (run?.Trouble is not { } trouble
            || time.Now < trouble.From
            || time.Now >= trouble.Until
            || run.Random.NextDouble() >= trouble.Chance)
        {
            return null;
        }

        var fault = trouble.Kinds[run.Random.Next(trouble.Kinds.Length)];
        _faults.Add((run.Id, fault, time.Now));
        return fault;
    }

    private static Exception Failure(bool isLog, string message) =>
        isLog ? new LogUnavailableException(message) : new TimeoutException(message);
}
