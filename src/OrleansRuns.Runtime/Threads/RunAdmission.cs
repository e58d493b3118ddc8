using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Admits runs: everything that can be wrong with a request is found before anything is written.</summary>
internal sealed class RunAdmission(
    IRunCatalog catalog, ThreadReader threads, ThreadSlots slots, GraphRegistry graphs, SiloLease lease, IOptions<RunsOptions> options)
{
    /// <summary>Admits a run, or finds the one that an equal request has admitted before.</summary>
    /// <returns>The run's row, which is durable, and the runs that it has superseded.</returns>
    internal async Task<AdmitOutcome> AdmitAsync(string threadId, StartRunRequest request, CancellationToken cancellationToken)
    {
        RunRequests.CheckThreadId(threadId);
        var graph = graphs.Get(request.Graph);
        RunRequests.Check(request, graph, options.Value.MaxInputBytes);
        var run = new NewRun(request.RunId, threadId, graph.Name, graph.Fingerprint, RunRequests.ToRow(request))
        {
            Strategy = request.Strategy,
            IdempotencyKey = request.IdempotencyKey,
            Metadata = RunRequests.ReadMetadata(request.Metadata).Stored,
            ClusterId = lease.Owner.ClusterId,
        };
        if (await FindProblemAsync(threadId, request, graph, cancellationToken) is { } problem)
        {
            // A repeated request need not fit any more: the run it has admitted may have moved the thread on.
            var known = await catalog.FindAdmittedAsync(run, cancellationToken) ?? throw problem;
            return known with { Run = Same(known.Run!, threadId, request) };
        }

        var outcome = await catalog.AdmitAsync(run, cancellationToken);
        if (outcome.Kind == AdmitKind.Busy && await slots.FreeDeadEditAsync(outcome.Thread, cancellationToken))
        {
            outcome = await catalog.AdmitAsync(run, cancellationToken);
        }

        return outcome.Kind switch
        {
            AdmitKind.Admitted => outcome,
            AdmitKind.Exists => outcome with { Run = Same(outcome.Run!, threadId, request) },
            _ => throw new ThreadBusyException(threadId, outcome.Thread.Holder ?? "another run"),
        };
    }

    private static RunRow Same(RunRow known, string threadId, StartRunRequest request) =>
        RunRequests.IsSame(known, threadId, request) ? known : throw new RunConflictException(known.RunId);

    private async Task<RunException?> FindProblemAsync(
        string threadId, StartRunRequest request, CompiledGraph graph, CancellationToken cancellationToken)
    {
        try
        {
            await CheckAsync(threadId, request, graph, cancellationToken);
            return null;
        }
        catch (RunException exception)
        {
            return exception;
        }
    }

    private async Task CheckAsync(string threadId, StartRunRequest request, CompiledGraph graph, CancellationToken cancellationToken)
    {
        var input = RunRequests.Parse(request.Input, "input");
        var answer = RunRequests.Parse(request.Resume, "answer");
        var thread = await catalog.FindThreadAsync(threadId, cancellationToken);
        var isBusy = thread?.Holder is not null && !await slots.FreeDeadEditAsync(thread, cancellationToken);
        if (isBusy && request.Strategy == MultitaskStrategy.Reject)
        {
            throw new ThreadBusyException(threadId, thread!.Holder!);
        }

        var point = thread is null ? null : await threads.FindAsync(thread, request.CheckpointId, cancellationToken);
        if (point is null && request.CheckpointId is { } checkpointId)
        {
            throw new CheckpointNotFoundException(threadId, checkpointId);
        }

        if ((point is not null || isBusy) && thread!.Graph != graph.Name)
        {
            throw new InvalidRunRequestException(
                $"Thread '{threadId}' has the state of graph '{thread.Graph}', which graph '{graph.Name}' cannot go on with. "
                + $"Use graph '{thread.Graph}', or another thread.");
        }

        if (input is { } value)
        {
            ThreadPoint.Checked(() => graph.ApplyInput(point?.Checkpoint, value));
        }
        else if (isBusy)
        {
            // What is waited for, or planned, is only known when those before it have ended.
            return;
        }
        else if (answer is { } reply)
        {
            CheckAnswer(threadId, point, reply);
        }
        else if (point is null || point.Checkpoint.Tasks.IsEmpty)
        {
            throw new InvalidRunRequestException(
                $"Thread '{threadId}' has nothing planned to continue with. Start a run with an input.");
        }
    }

    private static void CheckAnswer(string threadId, ThreadPoint? point, System.Text.Json.JsonElement answer)
    {
        if (point is null || point.Interrupts.IsEmpty)
        {
            throw new InvalidRunRequestException(
                $"Thread '{threadId}' waits for no answer. Start a run with an input, or with neither to go on with what is planned.");
        }

        point.CheckAnswer(answer);
    }
}
