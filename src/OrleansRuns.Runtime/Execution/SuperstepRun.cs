using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Runs the tasks of one superstep that have no finished writes yet, all at once.</summary>
internal sealed class SuperstepRun(
    RunSetup setup,
    CompiledGraph graph,
    RunLog log,
    NodeRunner nodes,
    Checkpoint checkpoint,
    ImmutableSortedDictionary<string, TaskWrites> writes,
    SuperstepLimits limits)
{
    private readonly List<Task> _saving = [];
    private readonly Dictionary<string, TaskWrites> _unsaved = new(StringComparer.Ordinal);
    private readonly HashSet<string> _cached = new(StringComparer.Ordinal);

    /// <summary>Gets the writes of the tasks so far, by task id.</summary>
    internal ImmutableSortedDictionary<string, TaskWrites> Writes { get; private set; } = writes;

    /// <summary>Gets what to tell of the superstep with its checkpoint.</summary>
    internal Telling Telling =>
        Telling.Superstep(graph, checkpoint.Namespace, checkpoint.Tasks.Select(task => new ToldTask(
            Writes[task.Id], _cached.Contains(task.Id), IsTold: !_unsaved.ContainsKey(task.Id))));

    /// <summary>Runs the tasks.</summary>
    /// <returns><see langword="null"/> when all tasks have finished and are to be folded; otherwise how the superstep ended.</returns>
    internal async Task<LoopEnd?> RunAsync(CancellationToken stop)
    {
        using var siblings = CancellationTokenSource.CreateLinkedTokenSource(stop, log.Ended);
        var running = checkpoint.Tasks.Where(IsOpen).ToList().ConvertAll(task => RunAsync(task, siblings.Token));
        try
        {
            return await RunAsync(running, siblings, stop);
        }
        catch
        {
            // Nothing of a superstep may still run, or write, when its run has ended.
            await siblings.CancelAsync();
            await Task.WhenAny(Task.WhenAll(running));
            throw;
        }
    }

    private async Task<LoopEnd?> RunAsync(List<Task<TaskEnd>> running, CancellationTokenSource siblings, CancellationToken stop)
    {
        var left = running.Count;
        LoopEnd? failure = null;
        var (waiting, stopped) = (false, false);
        await foreach (var ended in Task.WhenEach(running))
        {
            left--;
            var result = await ended;
            waiting |= result.End is { Kind: LoopEndKind.Waiting };
            // A subgraph that is drained stops between two of its own supersteps.
            stopped |= result.End is { Kind: LoopEndKind.Stopped };
            if (result.Writes is { } written)
            {
                _ = result.IsCached && _cached.Add(written.TaskId);
                Keep(written, isLast: left == 0 && failure is null && !waiting && !stopped && !stop.IsCancellationRequested);
            }
            else if (result.End is { Kind: LoopEndKind.Failed } failed && failure is null)
            {
                failure = failed;
                // What its callbacks do must not run on the run's scheduler.
                await siblings.CancelAsync();
            }
        }

        return await EndAsync(failure, waiting, stopped && setup.Draining.IsCancellationRequested, stop);
    }

    /// <summary>Makes durable what has finished although the superstep is not folded.</summary>
    /// <returns>Why writes are not durable, when they are more than the log takes: their task has to run again.</returns>
    internal async Task<LogEntryTooLargeException?> SaveAsync()
    {
        foreach (var written in _unsaved.Values)
        {
            Save(written);
        }

        _unsaved.Clear();
        try
        {
            await Task.WhenAll(_saving);
            return null;
        }
        catch (LogEntryTooLargeException exception)
        {
            return exception;
        }
    }

    private bool IsOpen(GraphTask task) => !Writes.TryGetValue(task.Id, out var known) || (!known.Finished && known.Interrupts.IsEmpty);

    private void Keep(TaskWrites written, bool isLast)
    {
        Writes = Writes.SetItem(written.TaskId, written);
        if (isLast && written.Finished && checkpoint.Tasks.All(task => Writes.GetValueOrDefault(task.Id) is { Finished: true }))
        {
            // The checkpoint that follows at once holds it.
            _unsaved[written.TaskId] = written;
            return;
        }

        Save(written);
    }

    private void Save(TaskWrites written) =>
        _saving.Add(log.AppendAsync(checkpoint.Namespace, checkpoint.Id, written, _cached.Contains(written.TaskId)));

    private async Task<LoopEnd?> EndAsync(LoopEnd? failure, bool waiting, bool isDrained, CancellationToken stop)
    {
        var isDone = checkpoint.Tasks.All(task => Writes.GetValueOrDefault(task.Id) is { Finished: true });
        if (isDone && failure is null)
        {
            return null;
        }

        log.ThrowIfEnded();
        if (await SaveAsync() is { } refused)
        {
            failure ??= GraphLoop.Failed(checkpoint, StopReason.NodeError, GraphLoop.TooLarge(checkpoint, refused));
        }

        if (failure is not null && !stop.IsCancellationRequested)
        {
            return failure;
        }

        if (isDrained || stop.IsCancellationRequested)
        {
            return Stopped();
        }

        var questions = Writes.Values.SelectMany(one => one.Interrupts).ToImmutableArray();
        return waiting || !questions.IsEmpty
            ? new LoopEnd(LoopEndKind.Waiting, checkpoint) { Interrupts = questions }
            : throw new InvalidOperationException($"Superstep {checkpoint.Step + 1} of run '{setup.Row.RunId}' ended without a reason.");
    }

    private async Task<TaskEnd> RunAsync(GraphTask task, CancellationToken stop)
    {
        if (graph.SubgraphOf(task.Node) is { } child)
        {
            return await RunSubgraphAsync(task, child, stop);
        }

        var node = new NodeTask(
            setup.Row, setup.Context, graph, checkpoint, task, Writes.GetValueOrDefault(task.Id), setup.Events)
        {
            OnLeftBehind = setup.Stop is { } asked ? asked.NodeLeftBehind : null,
        };
        var result = await nodes.RunAsync(node, stop);
        if (result.Writes is { } written)
        {
            return new TaskEnd(written, null, result.IsCached);
        }

        return result.Error is { } error ? Failed(task, error, result.IsTimeout) : new TaskEnd(null, Stopped());
    }

    private async Task<TaskEnd> RunSubgraphAsync(GraphTask task, CompiledGraph child, CancellationToken stop)
    {
        var name = CheckpointNamespace.Of(checkpoint.Namespace, task.Node, task.Id);
        Checkpoint start;
        try
        {
            start = log.View.Namespaces.TryGetValue(name, out var known)
                ? child.Load(name, known.Line)
                : await log.AppendAsync(child, name, graph.EnterSubgraph(checkpoint, task), []);
        }
        catch (Exception exception) when (exception is not FencedException and not LogUnavailableException)
        {
            // The author's own 'enter' runs here.
            return Failed(task, Error(task, exception), isTimeout: false);
        }

        var childLimits = limits with
        {
            // From where the run took it up, whatever attempt it is: a subgraph that asks again and again is as old as its thread.
            StopStep = SuperstepLimits.StopStepOf(RunStart.StepOf(log.View, name, start), setup.Request.RecursionLimit),
            PassedCheckpointId = RunStart.IsPassed(log.View, start) ? start.Id : null,
        };
        var end = await new GraphLoop(setup, child, log, nodes).RunAsync(start, childLimits, stop);
        if (end.Kind == LoopEndKind.Failed && graph.HandleError(task, Error(task, end)) is { } handled)
        {
            return new TaskEnd(handled, null);
        }

        if (end.Kind != LoopEndKind.Finished)
        {
            return new TaskEnd(null, end with { Checkpoint = checkpoint });
        }

        try
        {
            return new TaskEnd(graph.LeaveSubgraph(checkpoint, task, end.Checkpoint), null);
        }
        catch (Exception exception) when (exception is not FencedException and not LogUnavailableException)
        {
            // The author's own 'leave' runs here.
            return Failed(task, Error(task, exception), isTimeout: false);
        }
    }

    private TaskEnd Failed(GraphTask task, NodeError error, bool isTimeout) =>
        graph.HandleError(task, error) is { } handled
            ? new TaskEnd(handled, null)
            : new TaskEnd(
                null,
                GraphLoop.Failed(
                    checkpoint,
                    isTimeout ? StopReason.NodeTimeout : StopReason.NodeError,
                    $"Node '{task.Node}' failed after {error.Attempts} attempt(s): {error.Message}"));

    private static NodeError Error(GraphTask task, Exception exception) => new()
    {
        Node = task.Node,
        Type = exception.GetType().FullName ?? exception.GetType().Name,
        Message = exception.Message,
    };

    private static NodeError Error(GraphTask task, LoopEnd failed) => new()
    {
        Node = task.Node,
        Type = WireName.Of(failed.StopReason ?? StopReason.NodeError),
        Message = failed.Error ?? "",
    };

    private LoopEnd Stopped() => new(LoopEndKind.Stopped, checkpoint);

    /// <summary>How one task ended: with writes, or without them for a reason.</summary>
    private sealed record TaskEnd(TaskWrites? Writes, LoopEnd? End, bool IsCached = false);
}
