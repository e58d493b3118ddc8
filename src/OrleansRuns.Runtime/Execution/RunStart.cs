using System.Collections.Immutable;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Makes the first entry of an attempt: the claim, and with it what the run was asked to do, if that is not durable yet.</summary>
internal sealed class RunStart(RunSetup setup, ThreadReader threads, RunLog log)
{
    /// <summary>The step of a new graph's input.</summary>
    private const int InputStep = -1;

    /// <summary>Appends the first entry.</summary>
    /// <returns>The checkpoint to go on from.</returns>
    /// <exception cref="GraphInputException">The request does not fit the thread as it is now.</exception>
    internal async Task<Checkpoint> BeginAsync(CancellationToken cancellationToken)
    {
        var root = log.View.Root is { } known ? setup.Graph.Load("", known.Line) : null;
        Adopt(root);
        if (log.View.ClaimedBy == setup.Row.RunId && log.View.HasBegun)
        {
            // A later attempt: the input, the answers or the fork are durable, together with the first claim.
            // With the version that goes on now; see GraphVersions.
            var claim = log.View.Claim! with
            {
                Owner = setup.Row.Owner!,
                Fingerprint = setup.Graph.Fingerprint,
                Suspicion = setup.Suspicion,
            };
            await log.AppendAsync([Telling.Attempt], claim);
            return root!;
        }

        if (setup.Request.CheckpointId is { } checkpointId)
        {
            root = await threads.LoadAsync(setup.Row, setup.Graph, checkpointId, cancellationToken)
                ?? throw new CheckpointNotFoundException(setup.Row.ThreadId, checkpointId);
        }

        if (setup.Input is { } input)
        {
            return await AppendAsync(setup.Graph.ApplyInput(root, input), isResume: false);
        }

        if (root is null)
        {
            throw NothingPlanned();
        }

        if (setup.Request.CheckpointId is not null)
        {
            return await AppendAsync(setup.Graph.Fork(root), isResume: true);
        }

        var records = new List<LogRecord> { Claim(root.Step, isResume: true) };
        if (setup.Answer is { } answer)
        {
            records.AddRange(Answers(answer));
        }
        else if (root.Tasks.IsEmpty)
        {
            throw NothingPlanned();
        }

        await log.AppendAsync([Telling.Attempt, Telling.Start(setup.Graph, root)], [.. records]);
        return root;
    }

    /// <summary>Tells whether a checkpoint was there when a resume began, so that its static interrupts are passed.</summary>
    internal static bool IsPassed(LogView view, Checkpoint checkpoint) =>
        view.Claim is { IsResume: true } claim && CheckpointId.PositionOf(checkpoint.Id) <= claim.StartPosition;

    /// <summary>Gets the step from which the supersteps of a subgraph count for the run.</summary>
    /// <param name="view">The log.</param>
    /// <param name="name">The subgraph's namespace.</param>
    /// <param name="start">Where the attempt goes on.</param>
    internal static int StepOf(LogView view, string name, Checkpoint start) =>
        view.Claim is { IsResume: true } claim
            ? claim.SubgraphSteps is { } steps ? steps.GetValueOrDefault(name, InputStep) : start.Step
            : InputStep;

    /// <summary>Makes everything that is alive known to the appender, so that a base can repeat it.</summary>
    private void Adopt(Checkpoint? root)
    {
        foreach (var (name, view) in log.View.Namespaces)
        {
            var graph = GraphOf(name);
            log.Adopt(graph, name.Length == 0 ? root! : graph.Load(name, view.Line), view);
        }
    }

    /// <summary>Finds the graph of a namespace: "review:018f…|check:77aa…" is the graph of node check in that of node review.</summary>
    /// <returns>The graph, or <see langword="null"/> when the run's graph no longer has it.</returns>
    internal static CompiledGraph? FindGraph(CompiledGraph root, string name) =>
        CheckpointNamespace.NodesOf(name).Aggregate((CompiledGraph?)root, (graph, node) => graph?.SubgraphOf(node));

    private CompiledGraph GraphOf(string name) =>
        FindGraph(setup.Graph, name) ?? throw new MissingSubgraphException(setup.Graph.Name, name);

    private Task<Checkpoint> AppendAsync(CheckpointDraft draft, bool isResume) =>
        log.AppendAsync(
            setup.Graph, "", draft, [Telling.Attempt, Telling.Start(setup.Graph, checkpoint: null)], Claim(draft.Step, isResume));

    private ClaimLogRecord Claim(int startStep, bool isResume) => new()
    {
        Owner = setup.Row.Owner!,
        Graph = setup.Graph.Name,
        Fingerprint = setup.Graph.Fingerprint,
        StartStep = startStep,
        IsResume = isResume,
        StartPosition = log.View.NextPosition,
        SubgraphSteps = isResume
            ? log.View.Namespaces.Where(pair => pair.Key.Length > 0)
                .ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.Line[^1].Step, StringComparer.Ordinal)
            : null,
    };

    private IEnumerable<LogRecord> Answers(System.Text.Json.JsonElement answer)
    {
        var pending = log.View.Namespaces
            .SelectMany(pair => pair.Value.Writes.Values.Select(writes => new PendingTask(pair.Key, writes)))
            .ToList();
        return ResumeAnswers.Apply(pending, answer).Select(task => new WritesLogRecord
        {
            Namespace = task.Namespace,
            CheckpointId = log.View.Namespaces[task.Namespace].CheckpointId,
            Tasks = [task.Writes],
        });
    }

    private InvalidRunRequestException NothingPlanned() =>
        new($"Thread '{setup.Row.ThreadId}' has nothing planned to go on with. Start a run with an input.");
}

/// <summary>A thread is inside a subgraph that this version of the graph does not have.</summary>
internal sealed class MissingSubgraphException(string graph, string part)
    : Exception($"Graph '{graph}' no longer has the subgraph '{part}', in which the thread stands. Bring it back, or edit the state.");
