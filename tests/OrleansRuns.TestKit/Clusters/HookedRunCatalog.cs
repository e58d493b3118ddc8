using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Lets a test come before or after a call of the catalog: to delay it, to make it fail, or to lose its answer.</summary>
public sealed class CatalogHooks
{
    /// <summary>Gets or sets what happens before a call with this name; what it throws is what the caller sees.</summary>
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gets or sets what happens before the end of an attempt is written; what it throws is what the caller sees.</summary>
    public Func<RunEnd, Task> BeforeEnd { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gets or sets what happens after the call was applied; what it throws is what the caller sees.</summary>
    public Func<string, Task> After { get; set; } = _ => Task.CompletedTask;
}

/// <summary>A run catalog with hooks.</summary>
public sealed class HookedRunCatalog(IRunCatalog inner, CatalogHooks hooks) : IRunCatalog
{
    /// <inheritdoc/>
    public Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken) =>
        HookAsync(nameof(AdmitAsync), () => inner.AdmitAsync(run, cancellationToken));

    /// <inheritdoc/>
    public Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken) =>
        HookAsync(nameof(FindAdmittedAsync), () => inner.FindAdmittedAsync(run, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken) =>
        HookAsync(nameof(BeginAsync), () => inner.BeginAsync(runId, attempt, owner, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken) =>
        HookAsync(nameof(RequestCancelAsync), () => inner.RequestCancelAsync(runId, action, cancellationToken));

    /// <inheritdoc/>
    public Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken) =>
        HookAsync(nameof(EndAsync), async () =>
        {
            await hooks.BeforeEnd(end);
            return await inner.EndAsync(end, cancellationToken);
        });

    /// <inheritdoc/>
    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        HookAsync(nameof(FindRunAsync), () => inner.FindRunAsync(runId, cancellationToken));

    /// <inheritdoc/>
    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) =>
        HookAsync(nameof(FindThreadAsync), () => inner.FindThreadAsync(threadId, cancellationToken));

    /// <inheritdoc/>
    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) =>
        HookAsync(nameof(FindNewestThreadAsync), () => inner.FindNewestThreadAsync(graph, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<RunRow>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
        HookAsync(nameof(ListRunsAsync), () => inner.ListRunsAsync(threadId, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<RunRow>> ListUnfinishedAsync(string? after, int limit, CancellationToken cancellationToken) =>
        HookAsync(nameof(ListUnfinishedAsync), () => inner.ListUnfinishedAsync(after, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ThreadRow> TakeSlotAsync(string threadId, string graph, string holder, CancellationToken cancellationToken) =>
        HookAsync(nameof(TakeSlotAsync), () => inner.TakeSlotAsync(threadId, graph, holder, cancellationToken));

    /// <inheritdoc/>
    public Task<string?> ReleaseSlotAsync(
        string threadId, string holder, long epoch, ThreadRest? rest, CancellationToken cancellationToken) =>
        HookAsync(nameof(ReleaseSlotAsync), () => inner.ReleaseSlotAsync(threadId, holder, epoch, rest, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<RunRow>> ListReadyAsync(
        ImmutableArray<string> graphs, int limit, CancellationToken cancellationToken) =>
        HookAsync(nameof(ListReadyAsync), () => inner.ListReadyAsync(graphs, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableArray<ThreadRow>> ListBlockedAsync(
        DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        HookAsync(nameof(ListBlockedAsync), () => inner.ListBlockedAsync(since, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<ImmutableHashSet<string>> ListRolledBackAsync(string threadId, CancellationToken cancellationToken) =>
        HookAsync(nameof(ListRolledBackAsync), () => inner.ListRolledBackAsync(threadId, cancellationToken));

    private async Task<T> HookAsync<T>(string call, Func<Task<T>> apply)
    {
        await hooks.Before(call);
        var answer = await apply();
        await hooks.After(call);
        return answer;
    }
}
