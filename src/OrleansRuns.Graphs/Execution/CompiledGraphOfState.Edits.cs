using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

internal sealed partial class CompiledGraph<TState>
{
    /// <remarks>
    /// Pending tasks of the old checkpoint are discarded. Half-full joins and waiting deferred nodes stay: they belong to the thread,
    /// not to the input.
    /// </remarks>
    public override CheckpointDraft ApplyInput(Checkpoint? before, JsonElement input) => Refusing("input", () =>
    {
        var state = before is null ? _model.Initial : StateOf(before);
        var update = ReadInput(state, input, TaskIdOf(before, Node.StartName));
        var fold = _model.Fold(state, [new(Node.StartName, Node.StartName, update)]);
        return Enter(before, before?.Namespace ?? "", fold.After, before is null ? null : fold.Operations);
    });

    public override CheckpointDraft ApplyUpdate(
        Checkpoint before, IReadOnlyList<TaskWrites> pending, JsonElement update, string? asNode)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(pending);
        return Refusing("update", () => ApplyUpdate(before, InTaskOrder(before, pending), update, asNode));
    }

    private Draft<TState> ApplyUpdate(Checkpoint before, ImmutableArray<TaskWrites> finished, JsonElement update, string? asNode)
    {
        var author = asNode ?? InferAuthor(before, finished);
        if (author is not (Node.StartName or Node.EndName) && !_definitions.ContainsKey(author))
        {
            throw new GraphInputException($"Cannot update as node '{author}': the graph has the nodes {Names(_definitions.Keys)}.");
        }

        var state = StateOf(before);
        var settled = finished.IsEmpty ? state : _model.Fold(state, [.. finished.SelectMany(ToChannels)]).After;
        var taskId = TaskIdOf(before, author);
        var fold = _model.Fold(settled, [new(author, taskId, CheckUpdate(update, taskId))]);
        return new Draft<TState>(_model)
        {
            Number = before.Step + 1,
            MadeBy = CheckpointSource.Update,
            Namespace = before.Namespace,
            ParentId = before.Id,
            State = fold.After,
            // The operations of two folds do not add up to those of one.
            Operations = finished.IsEmpty ? fold.Operations : null,
            Plan = PlanAfterUpdate(before, finished, author, fold.After),
            Ran = [author],
        };
    }

    /// <summary>Does what the author's own code takes part in: whatever it throws refuses what a caller gave.</summary>
    private T Refusing<T>(string what, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is not (GraphInputException or OutOfMemoryException))
        {
            throw new GraphInputException($"Graph '{Name}' refuses the {what}: {exception.Message}", path: null, exception);
        }
    }

    public override CheckpointDraft Fork(Checkpoint origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        return new Draft<TState>(_model)
        {
            Number = origin.Step + 1,
            MadeBy = CheckpointSource.Fork,
            Namespace = origin.Namespace,
            ParentId = origin.Id,
            State = StateOf(origin),
            Operations = ImmutableSortedDictionary.Create<string, JsonElement>(StringComparer.Ordinal),
            Plan = Waiting(origin) with { Tasks = [.. origin.Tasks.Select(task => task.Plan)] },
            Ran = origin.Ran,
        };
    }

    /// <summary>Computes the first checkpoint of a subgraph's task.</summary>
    internal Draft<TState> Begin(TState state, string checkpointNamespace)
    {
        if (state is null)
        {
            throw new GraphUpdateException($"The state that enters subgraph '{Name}' is null.");
        }

        // What runs is what resumes: the state is taken from its own record.
        return Enter(null, checkpointNamespace, _model.Enter(state, checkpointNamespace), null);
    }

    /// <summary>Gets an id for what no task writes: an input or an edit, of which a checkpoint has at most one in its line.</summary>
    private static string TaskIdOf(Checkpoint? before, string author) =>
        StableId.ForTask(before?.Id ?? "", before?.Namespace ?? "", before?.Step ?? -1, author, place: -1);

    private static string InferAuthor(Checkpoint before, ImmutableArray<TaskWrites> finished)
    {
        ImmutableArray<string> writers = finished.IsEmpty
            ? before.Ran
            : [.. finished.Select(write => write.Node).Distinct().Order(StringComparer.Ordinal)];
        return writers.Length switch
        {
            0 => Node.StartName,
            1 => writers[0],
            _ => throw new GraphInputException($"Ambiguous update: {Names(writers)} wrote last. Say as which node the update is made."),
        };
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));

    private Draft<TState> Enter(
        Checkpoint? before,
        string checkpointNamespace,
        TState state,
        ImmutableSortedDictionary<string, JsonElement>? operations)
    {
        var waiting = before is null ? SuperstepPlan.Nothing : Waiting(before);
        return new(_model)
        {
            Number = before is null ? -1 : before.Step + 1,
            MadeBy = CheckpointSource.Input,
            Namespace = checkpointNamespace,
            ParentId = before?.Id,
            State = state,
            Operations = operations,
            Plan = _planner.Next(waiting, [new(Node.StartName, Route(Node.StartName, state))]),
        };
    }

    private SuperstepPlan PlanAfterUpdate(Checkpoint before, ImmutableArray<TaskWrites> finished, string author, TState state)
    {
        if (author == Node.EndName)
        {
            return Waiting(before) with { Deferred = [] };
        }

        // The author's own pending choice is replaced by one that has seen the update; its siblings' choices stand.
        var siblings = finished.Where(write => write.Node != author).Select(ToDeparture);
        return _planner.Next(Waiting(before), [.. siblings, new(author, Route(author, state))]);
    }

    private JsonElement? ReadInput(TState state, JsonElement input, string taskId)
    {
        if (_input is null)
        {
            return _model.CheckUpdate(input, "the input", taskId);
        }

        var given = StateModel<TState>.Give(state);
        return _model.Diff(given, _input.Map(given, input), Node.StartName, taskId);
    }

    private JsonElement? CheckUpdate(JsonElement update, string taskId) =>
        update.ValueKind == JsonValueKind.Null ? null : _model.CheckUpdate(update, "the update", taskId);
}
