using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Drives a graph to its end as a runtime would, keeping nothing in memory that a crash must not lose.</summary>
internal sealed class SimulatedRun(CompiledGraph graph, Chaos chaos)
{
    private const int MostRestarts = 3000;
    private readonly Journal _journal = new();
    private readonly Dictionary<string, string> _passed = new(StringComparer.Ordinal);

    internal IReadOnlyList<string> Wholes => _journal.Wholes;

    internal IReadOnlyList<string> Lines => _journal.Lines;

    internal async Task<string> RunToEndAsync()
    {
        for (var restart = 0; restart < MostRestarts; restart++)
        {
            try
            {
                var decision = await DriveAsync(graph, "", () => graph.ApplyInput(null, JsonSerializer.SerializeToElement(new { })));
                chaos.Count(decision);
                if (decision == SuperstepDecision.Finished)
                {
                    return graph.ToJson(_journal.Load(graph, "")!).ToJsonString();
                }

                if (decision == SuperstepDecision.WaitForAnswer)
                {
                    AnswerSome();
                }
            }
            catch (SimulatedCrashException)
            {
                _passed.Clear();
            }
        }

        throw new InvalidOperationException($"The graph did not end within {MostRestarts} restarts.");
    }

    private async Task<SuperstepDecision> DriveAsync(CompiledGraph inner, string space, Func<CheckpointDraft> begin)
    {
        if (_journal.Load(inner, space) is null)
        {
            Append(inner, space, begin());
        }

        var checkpoint = _journal.Load(inner, space)!;
        var limits = chaos.Limit(checkpoint.Step, _passed.GetValueOrDefault(space));
        var stopped = new Dictionary<string, SuperstepDecision>(StringComparer.Ordinal);
        while (true)
        {
            var writes = _journal.Writes(space, checkpoint.Id);
            foreach (var task in stopped.Keys)
            {
                // A subgraph's task waits as long as the subgraph does; nothing of that is stored with the parent.
                writes[task] = new() { TaskId = task, Node = "", Interrupts = [new() { Id = task, Node = "", Value = default }] };
            }

            limits = limits with { DrainRequested = limits.DrainRequested || chaos.Chance(15) };
            var decision = Superstep.Decide(inner, checkpoint, writes, limits);
            switch (decision)
            {
                case SuperstepDecision.Run:
                    foreach (var task in chaos.Shuffle(checkpoint.Tasks.Where(task => IsOpen(task, writes))))
                    {
                        await RunTaskAsync(inner, checkpoint, task, writes.GetValueOrDefault(task.Id), stopped);
                    }

                    break;
                case SuperstepDecision.Fold:
                    Append(inner, space, inner.Fold(checkpoint, chaos.Shuffle(writes.Values)));
                    checkpoint = _journal.Load(inner, space)!;
                    break;
                default:
                    _passed[space] = checkpoint.Id;
                    return stopped.Count > 0 ? stopped.Values.Max() : decision;
            }
        }
    }

    private static bool IsOpen(GraphTask task, Dictionary<string, TaskWrites> writes) =>
        !writes.TryGetValue(task.Id, out var write) || (!write.Finished && write.Interrupts.IsEmpty);

    private async Task RunTaskAsync(
        CompiledGraph inner, Checkpoint checkpoint, GraphTask task, TaskWrites? before, Dictionary<string, SuperstepDecision> stopped)
    {
        TaskWrites result;
        if (inner.SubgraphOf(task.Node) is { } child)
        {
            var entry = inner.EnterSubgraph(checkpoint, task);
            var space = entry.Commit("").Namespace;
            var decision = await DriveAsync(child, space, () => entry);
            if (decision != SuperstepDecision.Finished)
            {
                stopped[task.Id] = decision;
                return;
            }

            result = inner.LeaveSubgraph(checkpoint, task, _journal.Load(child, space)!);
        }
        else
        {
            result = await TryAsync(inner, checkpoint, task, before);
        }

        chaos.CrashNow();
        _journal.Append(checkpoint.Namespace, checkpoint.Id, result);
        chaos.CrashNow();
    }

    private async Task<TaskWrites> TryAsync(CompiledGraph inner, Checkpoint checkpoint, GraphTask task, TaskWrites? before)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var context = TestGraph.ContextOf(checkpoint, task, chaos, attempt, before?.Answers ?? []);
                return await inner.InvokeAsync(checkpoint, task, context);
            }
            catch (Exception exception) when (exception is SimulatedFailureException or InvalidDataException)
            {
                if (inner.Nodes[task.Node].Options.Retry?.NextDelay(exception, attempt, random: 0) is null)
                {
                    var error = new NodeError { Node = task.Node, Type = exception.GetType().Name, Message = "", Attempts = attempt };
                    return inner.HandleError(task, error)!;
                }
            }
        }
    }

    private void Append(CompiledGraph inner, string space, CheckpointDraft draft)
    {
        chaos.CrashNow();
        _journal.Append(inner, space, draft, full: chaos.Chance(5));
        chaos.CrashNow();
    }

    private void AnswerSome()
    {
        var waiting = _journal.Waiting();
        var some = chaos.Shuffle(waiting).Take(chaos.Chance(2) ? 1 : waiting.Count);
        var resume = some.SelectMany(pair => pair.Task.Writes.Interrupts)
            .ToDictionary(question => question.Id, question => question.Value.GetString()!.Length);
        foreach (var answered in ResumeAnswers.Apply([.. waiting.Select(pair => pair.Task)], JsonSerializer.SerializeToElement(resume)))
        {
            var checkpoint = waiting.Single(pair => pair.Task.Writes.TaskId == answered.Writes.TaskId).Checkpoint;
            _journal.Append(answered.Namespace, checkpoint, answered.Writes);
            chaos.Answers++;
        }
    }
}
