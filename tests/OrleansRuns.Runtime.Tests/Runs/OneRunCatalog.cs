using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A catalog of one run, which was just admitted.</summary>
internal sealed class OneRunCatalog : IRunCatalog
{
    private readonly Lock _lock = new();

    internal RunRow Row { get; set; } = new()
    {
        RunId = "run",
        ThreadId = "thread",
        LogId = "log",
        Graph = "graph",
        Fingerprint = "fingerprint",
        Request = """{"runId":"run","graph":"graph"}""",
        Status = RunStatus.Pending,
        Attempt = 0,
        Holder = "run",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        ChangeAsync(
            row => !row.IsFinal && row.CancelAction is null && row.Attempt == attempt - 1,
            row => row with { Status = RunStatus.Running, Attempt = attempt, Owner = owner, Resumable = false, StopReason = null });

    public async Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        await ChangeAsync(
            row => !row.IsFinal && row.CancelAction is null,
            row => row with { CancelAction = action, CancelReason = StopReason.Cancelled });

    public Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
        ChangeAsync(
            row => !row.IsFinal
                && row.Attempt == end.Attempt
                && (end.IsOfCancel || row.CancelAction is null),
            row => row with
            {
                Status = end.Status,
                StopReason = end.StopReason,
                Resumable = end.Resumable,
                RolledBack = end.RolledBack,
                Error = end.Error,
            });

    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) => Task.FromResult<RunRow?>(Row);

    public Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RunRow?> AttendAsync(string runId, string readerId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<RunSummary>> ListUnfinishedAsync(string? after, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<string?> ReleaseSlotAsync(
        string threadId, string holder, long epoch, ThreadRest? rest, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<RunSummary>> ListReadyAsync(
        string clusterId, ImmutableArray<string> graphs, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<ThreadRow>> ListBlockedAsync(
        DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ImmutableHashSet<string>> ListRolledBackAsync(string threadId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private Task<RunRow> ChangeAsync(Func<RunRow, bool> guard, Func<RunRow, RunRow> change)
    {
        lock (_lock)
        {
            if (guard(Row))
            {
                Row = change(Row) with { UpdatedAt = Row.UpdatedAt.AddSeconds(1) };
            }

            return Task.FromResult(Row);
        }
    }
}
