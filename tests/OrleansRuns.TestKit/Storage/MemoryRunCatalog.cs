using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>A run catalog in memory, with every rule of the databases.</summary>
/// <param name="time">The clock of the rows; the system's when left out.</param>
public sealed class MemoryRunCatalog(TimeProvider? time = null) : IRunCatalog
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, RunRow> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ThreadRow> _threads = new(StringComparer.Ordinal);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Gets or sets what tells that a live silo of another cluster than the one named second is the owner named first.</summary>
    internal Func<string?, string, bool> IsForeign { get; set; } = (_, _) => false;

    private DateTimeOffset Now => _time.GetUtcNow();

    /// <inheritdoc/>
    public Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return ChangeAsync(
            () =>
            {
                if (_runs.TryGetValue(run.RunId, out var earlier))
                {
                    return new AdmitOutcome(AdmitKind.Exists, earlier, _threads[earlier.ThreadId]);
                }

                var thread = Take(run.ThreadId, run.Graph, run.RunId, out var isTaken);
                if (!isTaken)
                {
                    return new AdmitOutcome(AdmitKind.Busy, _runs.GetValueOrDefault(thread.Holder!), thread);
                }

                var row = new RunRow
                {
                    RunId = run.RunId,
                    ThreadId = run.ThreadId,
                    LogId = thread.LogId,
                    Graph = run.Graph,
                    Fingerprint = run.Fingerprint,
                    Request = run.Request,
                    Status = RunStatus.Pending,
                    Attempt = 0,
                    CreatedAt = Now,
                    UpdatedAt = Now,
                };
                return new AdmitOutcome(AdmitKind.Admitted, _runs[run.RunId] = row, thread);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => Change(
                Find(runId),
                row => !row.IsFinal
                    && row.CancelAction is null
                    && row.Attempt == attempt - 1
                    && !IsForeign(row.Owner, RunOwner.TryParse(owner, out var asking) ? asking.ClusterId : ""),
                row => row with { Status = RunStatus.Running, StopReason = null, Resumable = false, Attempt = attempt, Owner = owner }),
            cancellationToken);

    /// <inheritdoc/>
    public Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => _runs.TryGetValue(runId, out var found)
                ? Change(found, row => !row.IsFinal && row.CancelAction is null, row => row with { CancelAction = action })
                : null,
            cancellationToken);

    /// <inheritdoc/>
    public Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        return ChangeAsync(
            () =>
            {
                var before = Find(end.RunId);
                var after = Change(
                    before,
                    row => !row.IsFinal
                        && row.Attempt == end.Attempt
                        && (end.Status != RunStatus.Success || row.CancelAction is null),
                    row => row with { Status = end.Status, StopReason = end.StopReason, Resumable = end.Resumable, Error = end.Error });
                var thread = _threads[after.ThreadId];
                if (!before.IsFinal && after.IsFinal && thread.Holder == after.RunId)
                {
                    _threads[after.ThreadId] = thread with { Holder = null, UpdatedAt = Now };
                }

                return after;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        ChangeAsync(() => _runs.GetValueOrDefault(runId), cancellationToken);

    /// <inheritdoc/>
    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) =>
        ChangeAsync(() => _threads.GetValueOrDefault(threadId), cancellationToken);

    /// <inheritdoc/>
    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        ChangeAsync(() => _runs.Values.LastOrDefault(row => row.Graph == graph)?.ThreadId, cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<RunRow>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        PageAsync(limit, rows => rows.Reverse().Where(row => row.ThreadId == threadId), cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<RunRow>> ListUnfinishedAsync(string? after, int limit, CancellationToken cancellationToken) =>
        PageAsync(
            limit, rows => rows.Where(row => !row.IsFinal && string.CompareOrdinal(row.RunId, after ?? "") > 0), cancellationToken);

    /// <inheritdoc/>
    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        ChangeAsync(() => Take(threadId, graph, holder, out _), cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseSlotAsync(string threadId, string holder, long epoch, CancellationToken cancellationToken) =>
        ChangeAsync(
            () =>
            {
                var isHeld = _threads.TryGetValue(threadId, out var thread) && thread.Holder == holder && thread.Epoch == epoch;
                if (isHeld)
                {
                    _threads[threadId] = thread! with { Holder = null, UpdatedAt = Now };
                }

                return isHeld;
            },
            cancellationToken);

    /// <summary>Removes a thread and its runs, as an operator or retention does.</summary>
    /// <param name="threadId">The thread.</param>
    public void Remove(string threadId)
    {
        lock (_lock)
        {
            _threads.Remove(threadId);
            _runs.Values.Where(row => row.ThreadId == threadId).ToList().ForEach(row => _runs.Remove(row.RunId));
        }
    }

    private ThreadRow Take(string threadId, string graph, string holder, out bool isTaken)
    {
        var thread = _threads.GetValueOrDefault(threadId) ?? new ThreadRow
        {
            ThreadId = threadId,
            LogId = Guid.CreateVersion7(Now).ToString(),
            Graph = graph,
            Epoch = 0,
            CreatedAt = Now,
            UpdatedAt = Now,
        };
        isTaken = thread.Holder is null;
        return _threads[threadId] = isTaken
            ? thread with { Graph = graph, Holder = holder, Epoch = thread.Epoch + 1, UpdatedAt = Now }
            : thread;
    }

    private RunRow Find(string runId) => _runs.TryGetValue(runId, out var row) ? row : throw new RunNotFoundException(runId);

    private RunRow Change(RunRow row, Func<RunRow, bool> guard, Func<RunRow, RunRow> change) =>
        guard(row) ? _runs[row.RunId] = change(row) with { UpdatedAt = Now } : row;

    private Task<ImmutableArray<RunRow>> PageAsync(
        int limit, Func<IEnumerable<RunRow>, IEnumerable<RunRow>> choose, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return ChangeAsync(() => choose(_runs.Values).Take(limit).ToImmutableArray(), cancellationToken);
    }

    // Asynchronous, so that whatever is thrown arrives with the task, as a database's errors do.
    private async Task<T> ChangeAsync<T>(Func<T> change, CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return change();
        }
    }
}
