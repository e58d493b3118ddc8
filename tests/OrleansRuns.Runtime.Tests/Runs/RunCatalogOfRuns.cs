using System.Collections.Immutable;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A catalog as far as a run that is there needs it: nobody asks it for threads, for lists or for a slot.</summary>
internal abstract class RunCatalogOfRuns : IRunCatalog
{
    public abstract Task<RunRow> BeginAsync(string runId, int attempt, string owner, CancellationToken cancellationToken);

    public abstract Task<RunRow?> RequestCancelAsync(string runId, CancelAction action, CancellationToken cancellationToken);

    public abstract Task<RunRow> EndAsync(RunEnd end, CancellationToken cancellationToken);

    public abstract Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken);

    public Task<AdmitOutcome> AdmitAsync(NewRun run, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<AdmitOutcome?> FindAdmittedAsync(NewRun run, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ThreadRow?> FindThreadAsync(string threadId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> FindNewestThreadAsync(string graph, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RunRow?> AttendAsync(string runId, string readerId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<RunSummary>> ListRunsAsync(string threadId, int limit, CancellationToken cancellationToken) =>
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
}
