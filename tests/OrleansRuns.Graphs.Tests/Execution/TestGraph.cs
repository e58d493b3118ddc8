using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

public sealed record TestState : GraphState
{
    public AppendList<string> Log { get; init; }

    public Total<long> Sum { get; init; }

    public string? Text { get; init; }
}

internal sealed class Lambda<TState>(Action<GraphBuilder<TState>> build) : IGraph<TState>
    where TState : GraphState, new()
{
    public void Build(GraphBuilder<TState> graph) => build(graph);
}

internal sealed class TestContext : NodeContext
{
    public override void Emit<T>(T value)
    {
    }

    public override void EmitMessage(string id, string chunk)
    {
    }

    public override void Heartbeat()
    {
    }
}

/// <summary>Compiles and steps through small graphs.</summary>
internal static class TestGraph
{
    internal static CompiledGraph Compile(Action<GraphBuilder<TestState>> build) =>
        GraphCompiler.Compile("test", new Lambda<TestState>(build));

    internal static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    internal static Node AddLogger(this GraphBuilder<TestState> graph, string name, NodeOptions? options = null) =>
        graph.AddNode(name, (state, node) => state with { Log = state.Log.Append(name) }, options);

    internal static Checkpoint Begin(this CompiledGraph graph, string input = "{}") => graph.ApplyInput(null, Json(input)).Commit("0");

    internal static NodeContext ContextOf(
        Checkpoint checkpoint,
        GraphTask task,
        IServiceProvider? services = null,
        int attempt = 1,
        IEnumerable<JsonElement>? answers = null,
        JsonElement? runContext = null) =>
        new TestContext
        {
            RunId = "run",
            ThreadId = "thread",
            CheckpointId = checkpoint.Id,
            Namespace = checkpoint.Namespace,
            TaskId = task.Id,
            Node = task.Node,
            Step = checkpoint.Step + 1,
            Attempt = attempt,
            IdempotencyKey = task.Id,
            Services = services ?? NoServices.Instance,
            Answers = [.. answers ?? []],
            RunContext = runContext,
            CancellationToken = CancellationToken.None,
        };

    internal static async Task<IReadOnlyList<TaskWrites>> InvokeAllAsync(this CompiledGraph graph, Checkpoint checkpoint)
    {
        var writes = new List<TaskWrites>();
        foreach (var task in checkpoint.Tasks)
        {
            writes.Add(await graph.InvokeAsync(checkpoint, task, ContextOf(checkpoint, task)));
        }

        return writes;
    }

    internal static async Task<Checkpoint> StepAsync(this CompiledGraph graph, Checkpoint checkpoint) =>
        graph.Fold(checkpoint, await graph.InvokeAllAsync(checkpoint)).Commit($"{checkpoint.Step + 2}");

    /// <summary>Runs to the end and returns the nodes of each superstep, in task order, separated by blanks.</summary>
    internal static async Task<(List<string> Steps, Checkpoint Last)> TraceAsync(this CompiledGraph graph, string input = "{}")
    {
        var steps = new List<string>();
        var checkpoint = graph.Begin(input);
        while (!checkpoint.Tasks.IsEmpty)
        {
            Assert.True(steps.Count < 50, "The graph does not end within 50 supersteps.");
            steps.Add(string.Join(' ', checkpoint.Tasks.Select(task => task.Node)));
            checkpoint = await graph.StepAsync(checkpoint);
        }

        return (steps, checkpoint);
    }

    private sealed class NoServices : IServiceProvider
    {
        internal static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
