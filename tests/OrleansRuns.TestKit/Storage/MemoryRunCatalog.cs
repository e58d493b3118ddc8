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
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ThreadRow> _threads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ThreadRest> _rests = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>
    /// Gets or sets what tells that a run is a live silo's of another cluster than the one named, or that cluster's to begin.
    /// </summary>
    internal Func<RunSummary, string, bool> IsForeign { get; set; } = (_, _) => false;

    private DateTimeOffset Now => _time.GetUtcNow();

    /// <inheritdoc/>
    public Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return ChangeAsync(() => Admit(run), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return ChangeAsync(() => FindAdmitted(run), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => Change(
                Find(runId),
                row => !row.IsFinal
                    && row.CancelAction is null
                    && row.Attempt == attempt - 1
                    && row.HoldsSlot
                    && !IsForeign(row, RunOwner.TryParse(owner, out var asking) ? asking.ClusterId : ""),
                row => row with
                {
                    Status = RunStatus.Running,
                    StopReason = null,
                    Resumable = false,
                    Attempt = attempt,
                    Owner = owner,
                    StartedAt = row.StartedAt ?? Now,
                }),
            cancellationToken);

    /// <inheritdoc/>
    public Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => _runs.ContainsKey(runId) ? Cancel(Find(runId), action, StopReason.Cancelled) : null,
            cancellationToken);

    /// <inheritdoc/>
    public Task<RunRow?> AttendAsync(string runId, string readerId, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => !_runs.ContainsKey(runId) ? null
                : Find(runId) is { IsFinal: false, Reader: null } row ? _runs[runId] = row with { Reader = readerId }
                : Find(runId),
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
                        && (end.IsOfCancel || row.CancelAction is null),
                    row => row with
                    {
                        Status = end.Status,
                        StopReason = end.StopReason,
                        Resumable = end.Resumable,
                        RolledBack = end.RolledBack,
                        Error = end.Error,
                    });
                if (!before.IsFinal && after.IsFinal && after.HoldsSlot)
                {
                    _rests[after.ThreadId] = end.Rest ?? RestOf(after.ThreadId);
                    PassSlotOn(_threads[after.ThreadId]);
                }

                return Find(end.RunId);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        ChangeAsync(() => _runs.ContainsKey(runId) ? Find(runId) : null, cancellationToken);

    /// <inheritdoc/>
    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) =>
        ChangeAsync(() => _threads.ContainsKey(threadId) ? FindThread(threadId) : null, cancellationToken);

    /// <inheritdoc/>
    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => _runs.Values.Where(row => row.Graph == graph && !row.RolledBack)
                .OrderBy(row => row.CreatedAt)
                .ThenBy(row => row.RunId, StringComparer.Ordinal)
                .LastOrDefault()?.ThreadId,
            cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        PageAsync(
            limit,
            rows => rows.Where(row => row.ThreadId == threadId && !row.RolledBack).OrderByDescending(row => _numbers[row.RunId]),
            cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListReadyAsync(
        string clusterId, ImmutableArray<string> graphs, int limit, CancellationToken cancellationToken) =>
        PageAsync(
            limit,
            rows => rows.Where(row => row.Status == RunStatus.Pending && row.HoldsSlot && graphs.Contains(row.Graph))
                .Where(row => !IsForeign(row, clusterId))
                .OrderBy(row => row.CreatedAt)
                .ThenBy(row => row.RunId, StringComparer.Ordinal),
            cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<ThreadRow>> ListBlockedAsync(
        DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => _threads.Values
                .Where(thread => thread.Holder is { } holder && !_runs.ContainsKey(holder) && thread.UpdatedAt < since)
                .Where(thread => _runs.Values.Any(row => row.ThreadId == thread.ThreadId && row.Status == RunStatus.Pending))
                .Take(limit)
                .ToImmutableArray(),
            cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableHashSet<string>> ListRolledBackAsync(string threadId, CancellationToken cancellationToken) =>
        ChangeAsync(
            () => _runs.Values.Where(row => row.ThreadId == threadId && row.RolledBack).Select(row => row.RunId)
                .ToImmutableHashSet(StringComparer.Ordinal),
            cancellationToken);

    /// <inheritdoc/>
    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        ChangeAsync(() => Take(threadId, graph, holder), cancellationToken);

    /// <inheritdoc/>
    public Task<string?> ReleaseSlotAsync(
        string threadId, string holder, long epoch, ThreadRest? rest, CancellationToken cancellationToken) =>
        ChangeAsync(
            () =>
            {
                if (_threads.TryGetValue(threadId, out var thread) && thread.Holder == holder && thread.Epoch == epoch)
                {
                    _rests[threadId] = rest ?? RestOf(threadId);
                    PassSlotOn(thread);
                }

                return _threads.GetValueOrDefault(threadId)?.Holder;
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

    /// <summary>Gets the runs that show.</summary>
    internal ImmutableArray<RunSummary> Runs()
    {
        lock (_lock)
        {
            return [.. _runs.Keys.Select(Find).Where(row => !row.RolledBack)];
        }
    }

    /// <summary>Gets the threads with their statuses, derived anew.</summary>
    internal ImmutableArray<ThreadSummary> Threads()
    {
        lock (_lock)
        {
            return [.. _threads.Keys.Select(FindThread).Select(Summarize)];
        }
    }

    /// <summary>Replaces a thread's metadata when it is the known one.</summary>
    internal bool ReplaceMetadata(string threadId, string known, string metadata)
    {
        lock (_lock)
        {
            var replaces = _threads.ContainsKey(threadId) && _metadata.GetValueOrDefault(threadId, "{}") == known;
            if (replaces)
            {
                _metadata[threadId] = metadata;
            }

            return replaces;
        }
    }

    private ThreadSummary Summarize(ThreadRow thread)
    {
        var (asks, plannedBy) = RestOf(thread.ThreadId);
        var newest = _runs.Values.Where(row => row.ThreadId == thread.ThreadId && !row.RolledBack).MaxBy(row => _numbers[row.RunId]);
        return new ThreadSummary
        {
            ThreadId = thread.ThreadId,
            Graph = thread.Graph,
            Status = ThreadSlots.IsHeldByRun(thread) || thread.Waits ? ThreadStatus.Busy
                : asks || (newest is { Status: RunStatus.Success } && newest.RunId == plannedBy) ? ThreadStatus.Interrupted
                : newest?.Status is RunStatus.Error or RunStatus.Timeout ? ThreadStatus.Error
                : ThreadStatus.Idle,
            Metadata = _metadata.GetValueOrDefault(thread.ThreadId, "{}"),
            CreatedAt = thread.CreatedAt,
            UpdatedAt = thread.UpdatedAt,
        };
    }

    private ThreadRest RestOf(string threadId) =>
        _rests.GetValueOrDefault(threadId) ?? new ThreadRest(Asks: false, PlannedBy: null);

    private AdmitOutcome Admit(NewRun run)
    {
        if (FindAdmitted(run) is { } known)
        {
            return known;
        }

        var thread = Take(run.ThreadId, run.Graph, run.RunId);
        if (thread.Holder != run.RunId && (run.Strategy == MultitaskStrategy.Reject || thread.Graph != run.Graph))
        {
            return new AdmitOutcome(AdmitKind.Busy, _runs.ContainsKey(thread.Holder!) ? Find(thread.Holder!) : null, thread);
        }

        _threads[run.ThreadId] = thread = ThreadSlots.IsEdit(thread.Holder!) ? thread : thread with { UpdatedAt = Now };
        _numbers[run.RunId] = _numbers.Count;
        if (run.IdempotencyKey is not null)
        {
            _keys[run.IdempotencyKey] = run.RunId;
        }

        _runs[run.RunId] = new RunRow
        {
            RunId = run.RunId,
            ThreadId = run.ThreadId,
            LogId = thread.LogId,
            Number = _numbers[run.RunId],
            Graph = run.Graph,
            Fingerprint = run.Fingerprint,
            Request = run.Request,
            Metadata = run.Metadata,
            ClusterId = run.ClusterId,
            Status = RunStatus.Pending,
            Attempt = 0,
            CreatedAt = Now,
            UpdatedAt = Now,
        };
        return new AdmitOutcome(AdmitKind.Admitted, Find(run.RunId), thread) { Superseded = Supersede(run) };
    }

    private AdmitOutcome? FindAdmitted(NewRun run)
    {
        var known = _runs.ContainsKey(run.RunId) ? run.RunId : run.IdempotencyKey is { } key ? _keys.GetValueOrDefault(key) : null;
        return known is null ? null : new AdmitOutcome(AdmitKind.Exists, Find(known), _threads[_runs[known].ThreadId]);
    }

    private ImmutableArray<string> Supersede(NewRun run)
    {
        if (run.Strategy is not (MultitaskStrategy.Interrupt or MultitaskStrategy.Rollback))
        {
            return [];
        }

        var action = run.Strategy == MultitaskStrategy.Interrupt ? CancelAction.Interrupt : CancelAction.Rollback;
        var others = _runs.Values
            .Where(row => row.ThreadId == run.ThreadId && row.RunId != run.RunId && !row.IsFinal && row.CancelAction is null)
            .ToImmutableArray()
            .Select(row => Cancel(Find(row.RunId), action, StopReason.Superseded))
            .ToImmutableArray();
        foreach (var queued in others.Where(row => row is { Status: RunStatus.Pending, Attempt: 0, HoldsSlot: false }))
        {
            _runs[queued.RunId] = queued with
            {
                Status = RunStatus.Interrupted,
                StopReason = StopReason.Superseded,
                RolledBack = action == CancelAction.Rollback,
            };
        }

        return [.. others.Select(row => row.RunId)];
    }

    private RunRow Cancel(RunRow run, CancelAction action, StopReason reason) =>
        Change(
            run,
            row => !row.IsFinal && row.CancelAction is null,
            row => row with { CancelAction = action, CancelReason = reason });

    private ThreadRow Take(string threadId, string graph, string holder)
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
        return _threads[threadId] = thread.Holder is null
            ? thread with { Graph = graph, Holder = holder, Epoch = thread.Epoch + 1, UpdatedAt = Now }
            : thread;
    }

    private void PassSlotOn(ThreadRow thread)
    {
        var next = _runs.Values
            .Where(row => row.ThreadId == thread.ThreadId && row.Status == RunStatus.Pending && row.CancelAction is null)
            .MinBy(row => _numbers[row.RunId]);
        _threads[thread.ThreadId] = thread with
        {
            Holder = next?.RunId,
            Epoch = thread.Epoch + (next is null ? 0 : 1),
            UpdatedAt = Now,
        };
    }

    private ThreadRow FindThread(string threadId) => _threads[threadId] with
    {
        Waits = _threads[threadId].Holder is { } holder
            && ThreadSlots.IsEdit(holder)
            && _runs.Values.Any(row => row.ThreadId == threadId && row.Status == RunStatus.Pending),
    };

    private RunRow Find(string runId) => _runs.TryGetValue(runId, out var row)
        ? row with { Holder = _threads.GetValueOrDefault(row.ThreadId)?.Holder }
        : throw new RunNotFoundException(runId);

    private RunRow Change(RunRow row, Func<RunRow, bool> guard, Func<RunRow, RunRow> change) =>
        guard(row) ? _runs[row.RunId] = change(row) with { UpdatedAt = Now } : row;

    private Task<ImmutableArray<RunSummary>> PageAsync(
        int limit, Func<IEnumerable<RunRow>, IEnumerable<RunRow>> choose, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return ChangeAsync(() => choose(_runs.Keys.Select(Find)).Take(limit).ToImmutableArray<RunSummary>(), cancellationToken);
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
