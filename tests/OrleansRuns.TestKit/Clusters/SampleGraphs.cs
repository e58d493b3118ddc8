using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Graphs;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>The names of the graphs a <see cref="RunCluster"/> has.</summary>
public static class SampleGraphs
{
    /// <summary>first, gated, last; "gated" stops at the thread's gate and listens to its token.</summary>
    public const string Gated = "gated";

    /// <summary>Like <see cref="Gated"/>, but "gated" does not listen.</summary>
    public const string Deaf = "deaf";

    /// <summary>Like <see cref="Gated"/>, but "gated" holds a thread and does not listen.</summary>
    public const string Blocking = "blocking";

    /// <summary>"ask" asks for a name, "greet" uses it.</summary>
    public const string Ask = "ask";

    /// <summary>"ask" asks for a name, "gated" stops at the thread's gate.</summary>
    public const string AskThenGated = "ask-then-gated";

    /// <summary>"left" and "right" ask in the same superstep.</summary>
    public const string AskTwice = "ask-twice";

    /// <summary>"chat" emits as many values as the input's count says, then stops at the thread's gate.</summary>
    public const string Chatty = "chatty";

    /// <summary>"fail" throws.</summary>
    public const string Failing = "failing";

    /// <summary>Makes a silo execute the sample graphs.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="gates">The gates of the graphs.</param>
    /// <param name="configure">What is configured beside them.</param>
    public static void AddTo(ISiloBuilder silo, Gates gates, Action<IOrleansRunsBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddSingleton(gates);
        silo.AddOrleansRuns(runs =>
        {
            runs.AddGraph(Gated, new GatedGraph(GateManners.Polite));
            runs.AddGraph(Deaf, new GatedGraph(GateManners.Deaf));
            runs.AddGraph(Blocking, new GatedGraph(GateManners.Blocking));
            runs.AddGraph<AskGraph>(Ask);
            runs.AddGraph<AskThenGatedGraph>(AskThenGated);
            runs.AddGraph<AskTwiceGraph>(AskTwice);
            runs.AddGraph<ChattyGraph>(Chatty);
            runs.AddGraph<FailingGraph>(Failing);
            configure?.Invoke(runs);
        });
    }
}

/// <summary>The state of the sample graphs.</summary>
public sealed record SampleState : GraphState
{
    /// <summary>Gets the nodes that ran, in their order.</summary>
    public AppendList<string> Done { get; init; }

    /// <summary>Gets how much there is to do.</summary>
    public int Count { get; init; }

    /// <summary>Gets the first answer.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the second answer.</summary>
    public string? Other { get; init; }
}

/// <summary>How "gated" waits.</summary>
public enum GateManners
{
    /// <summary>Listens to its token.</summary>
    Polite = 0,

    /// <summary>Does not listen.</summary>
    Deaf = 1,

    /// <summary>Does not listen and holds a thread.</summary>
    Blocking = 2,
}

/// <summary>See <see cref="SampleGraphs.Gated"/>.</summary>
public sealed class GatedGraph(GateManners manners) : IGraph<SampleState>
{
    /// <inheritdoc/>
    public void Build(GraphBuilder<SampleState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var first = graph.AddNode("first", (state, node) => state with { Done = state.Done.Append(node.Node) });
        var gated = graph.AddNode("gated", PassAsync);
        var last = graph.AddNode("last", (state, node) => state with { Done = state.Done.Append(node.Node) });
        graph.AddPath(Node.Start, first, gated, last, Node.End);
    }

    private async Task<SampleState> PassAsync(SampleState state, NodeContext node)
    {
        var gate = node.Services.GetRequiredService<Gates>().Of(node);
        if (manners == GateManners.Blocking)
        {
            gate.PassBlocking();
        }
        else
        {
            await gate.PassAsync(manners == GateManners.Polite ? node.CancellationToken : CancellationToken.None);
        }

        return state with { Done = state.Done.Append(node.Node) };
    }
}

/// <summary>See <see cref="SampleGraphs.Ask"/>.</summary>
public sealed class AskGraph : IGraph<SampleState>
{
    /// <inheritdoc/>
    public void Build(GraphBuilder<SampleState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var ask = graph.AddNode("ask", (state, node) => state with { Name = node.Interrupt<string>("Who are you?") });
        var greet = graph.AddNode("greet", (state, node) => state with { Done = state.Done.Append($"Hello {state.Name}") });
        graph.AddPath(Node.Start, ask, greet, Node.End);
    }
}

/// <summary>See <see cref="SampleGraphs.AskThenGated"/>.</summary>
public sealed class AskThenGatedGraph : IGraph<SampleState>
{
    /// <inheritdoc/>
    public void Build(GraphBuilder<SampleState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var ask = graph.AddNode("ask", (state, node) => state with { Name = node.Interrupt<string>("Who are you?") });
        var gated = graph.AddNode("gated", PassAsync);
        graph.AddPath(Node.Start, ask, gated, Node.End);
    }

    private static async Task<SampleState> PassAsync(SampleState state, NodeContext node)
    {
        await node.Services.GetRequiredService<Gates>().Of(node).PassAsync(node.CancellationToken);
        return state with { Done = state.Done.Append(node.Node) };
    }
}

/// <summary>See <see cref="SampleGraphs.AskTwice"/>.</summary>
public sealed class AskTwiceGraph : IGraph<SampleState>
{
    /// <inheritdoc/>
    public void Build(GraphBuilder<SampleState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var left = graph.AddNode("left", (state, node) => state with { Name = node.Interrupt<string>("Left?") });
        var right = graph.AddNode("right", (state, node) => state with { Other = node.Interrupt<string>("Right?") });
        graph.AddPath(Node.Start, left, Node.End);
        graph.AddPath(Node.Start, right, Node.End);
    }
}

/// <summary>See <see cref="SampleGraphs.Chatty"/>.</summary>
public sealed class ChattyGraph : IGraph<SampleState>
{
    /// <inheritdoc/>
    public void Build(GraphBuilder<SampleState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var chat = graph.AddNode("chat", ChatAsync);
        graph.AddPath(Node.Start, chat, Node.End);
    }

    private static async Task<SampleState> ChatAsync(SampleState state, NodeContext node)
    {
        for (var number = 0; number < state.Count; number++)
        {
            node.Emit(number);
        }

        await node.Services.GetRequiredService<Gates>().Of(node).PassAsync(node.CancellationToken);
        return state with { Done = state.Done.Append(node.Node) };
    }
}

/// <summary>See <see cref="SampleGraphs.Failing"/>.</summary>
public sealed class FailingGraph : IGraph<SampleState>
{
    /// <inheritdoc/>
    public void Build(GraphBuilder<SampleState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var fail = graph.AddNode("fail", Fail);
        graph.AddPath(Node.Start, fail, Node.End);
    }

    private static SampleState Fail(SampleState state, NodeContext node) => throw new InvalidOperationException("It had to fail.");
}
