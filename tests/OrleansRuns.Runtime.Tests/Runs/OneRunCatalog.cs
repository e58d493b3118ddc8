using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A catalog of one run, which was just admitted.</summary>
internal sealed class OneRunCatalog : RunCatalogOfRuns
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

    public override Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        ChangeAsync(
            row => !row.IsFinal && row.CancelAction is null && row.Attempt == attempt - 1,
            row => row with { Status = RunStatus.Running, Attempt = attempt, Owner = owner, Resumable = false, StopReason = null });

    public override async Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        await ChangeAsync(
            row => !row.IsFinal && row.CancelAction is null,
            row => row with { CancelAction = action, CancelReason = StopReason.Cancelled });

    public override Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
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

    public override Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) => Task.FromResult<RunRow?>(Row);

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
