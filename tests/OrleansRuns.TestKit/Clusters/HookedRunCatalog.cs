using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>A run catalog with hooks.</summary>
public sealed class HookedRunCatalog(IRunCatalog inner, StoreHooks hooks) : IRunCatalog
{
    /// <inheritdoc/>
    public Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(AdmitAsync), () => inner.AdmitAsync(run, cancellationToken));

    /// <inheritdoc/>
    public Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(FindAdmittedAsync), () => inner.FindAdmittedAsync(run, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(BeginAsync), () => inner.BeginAsync(runId, attempt, owner, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(RequestCancelAsync), () => inner.RequestCancelAsync(runId, action, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow?> AttendAsync(string runId, string readerId, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(AttendAsync), () => inner.AttendAsync(runId, readerId, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(EndAsync), async () =>
        {
            await hooks.BeforeEnd(end);
            return await inner.EndAsync(end, cancellationToken);
        });

    /// <inheritdoc/>
    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(FindRunAsync), () => inner.FindRunAsync(runId, cancellationToken));

    /// <inheritdoc/>
    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(FindThreadAsync), () => inner.FindThreadAsync(threadId, cancellationToken));

    /// <inheritdoc/>
    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(FindNewestThreadAsync), () => inner.FindNewestThreadAsync(graph, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListRunsAsync), () => inner.ListRunsAsync(threadId, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(TakeSlotAsync), () => inner.TakeSlotAsync(threadId, graph, holder, cancellationToken));

    /// <inheritdoc/>
    public Task<string?> ReleaseSlotAsync(
        string threadId, string holder, long epoch, ThreadRest? rest, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ReleaseSlotAsync), () => inner.ReleaseSlotAsync(threadId, holder, epoch, rest, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<RunSummary>> ListReadyAsync(
        string clusterId, ImmutableArray<string> graphs, int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListReadyAsync), () => inner.ListReadyAsync(clusterId, graphs, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<ThreadRow>> ListBlockedAsync(
        DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListBlockedAsync), () => inner.ListBlockedAsync(since, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableHashSet<string>> ListRolledBackAsync(string threadId, CancellationToken cancellationToken) =>
        hooks.AroundAsync(nameof(ListRolledBackAsync), () => inner.ListRolledBackAsync(threadId, cancellationToken));
}
